-- Log requests: a campaign whose PCs send files, who asked for it and why, and what is left of what they sent.
-- consent: what users of a practice's PCs are asked before files leave them.
ALTER TABLE practices ADD COLUMN consent text NOT NULL DEFAULT 'inform' CHECK (consent IN ('none', 'inform', 'ask'));
-- upload_budget_bytes: what each PC may send; of a log request only.
ALTER TABLE campaigns ADD COLUMN upload_budget_bytes bigint;
CREATE TABLE log_requests (
    id uuid PRIMARY KEY REFERENCES campaigns,
    reason text NOT NULL,
    ticket text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    total_budget_bytes bigint NOT NULL,
    keep_until timestamptz NOT NULL,
    notify text[] NOT NULL,
    forward boolean NOT NULL,
    again_of uuid REFERENCES log_requests,
    code_claimed boolean NOT NULL,
    completed_at timestamptz,
    notified_at timestamptz,
    notify_error text NOT NULL DEFAULT '',
    purged_at timestamptz,
    purged_by text NOT NULL DEFAULT ''
);
CREATE INDEX log_requests_kept ON log_requests (keep_until) WHERE purged_at IS NULL;
CREATE INDEX log_requests_open ON log_requests (id) WHERE completed_at IS NULL;
-- over_budget_bytes: what it wanted to send, and was refused.
CREATE TABLE log_request_devices (
    request_id uuid NOT NULL REFERENCES log_requests,
    device_id uuid NOT NULL REFERENCES devices,
    consent text NOT NULL,
    over_budget_bytes bigint,
    purged_at timestamptz,
    PRIMARY KEY (request_id, device_id)
);
CREATE TABLE log_receipts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES log_requests,
    device_id uuid NOT NULL REFERENCES devices,
    name text NOT NULL,
    sha256 text NOT NULL,
    length bigint NOT NULL,
    received_at timestamptz NOT NULL,
    purged_at timestamptz NOT NULL,
    purged_by text NOT NULL,
    bytes_removed boolean NOT NULL
);
CREATE INDEX log_receipts_by_request ON log_receipts (request_id, id);
CREATE TRIGGER tell_watchers_new AFTER INSERT ON log_requests
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('logs', 'id');
CREATE TRIGGER tell_watchers_changed AFTER UPDATE ON log_requests
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('logs', 'id');
CREATE TRIGGER tell_watchers_changed AFTER UPDATE ON log_request_devices
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('logs', 'request_id');
