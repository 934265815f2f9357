-- What PCs say of the files of log requests that are on them no more; gone_at is by their clocks.
CREATE TABLE log_pc_receipts (
    order_id uuid NOT NULL,
    step text NOT NULL,
    name text NOT NULL,
    request_id uuid NOT NULL REFERENCES log_requests,
    device_id uuid NOT NULL REFERENCES devices,
    sha256 text NOT NULL,
    length bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('sent', 'purged', 'refused', 'expired', 'lost')),
    gone_at timestamptz NOT NULL,
    heard_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, step, name)
);
CREATE INDEX log_pc_receipts_by_request ON log_pc_receipts (request_id, device_id);
-- What was purged before it had come whole has a receipt too.
ALTER TABLE log_receipts ALTER COLUMN received_at DROP NOT NULL;
