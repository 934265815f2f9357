-- Files that PCs send. Their bytes are in the folder of files: a row says what of them is stored for good.
CREATE TABLE uploads (
    id uuid PRIMARY KEY,
    device_id uuid NOT NULL REFERENCES devices,
    order_id uuid NOT NULL REFERENCES orders ON DELETE CASCADE,
    step text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    length bigint NOT NULL,
    received bigint NOT NULL DEFAULT 0,
    is_complete boolean NOT NULL DEFAULT false,
    begun_at timestamptz NOT NULL,
    touched_at timestamptz NOT NULL,
    UNIQUE (order_id, step, name)
);
CREATE INDEX uploads_by_content ON uploads (sha256);
CREATE INDEX uploads_by_device ON uploads (device_id, begun_at);
CREATE INDEX uploads_under_way ON uploads (touched_at) WHERE NOT is_complete;
