-- Files too large for one row (releases of the agent), in parts of 256 KiB: any process stores and serves any part.
CREATE TABLE target_files (
    sha256 text PRIMARY KEY,
    length bigint NOT NULL,
    received bigint NOT NULL DEFAULT 0,
    is_complete boolean NOT NULL DEFAULT false,
    touched_at timestamptz NOT NULL
);
CREATE TABLE target_parts (
    sha256 text NOT NULL REFERENCES target_files ON DELETE CASCADE,
    n integer NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (sha256, n)
);
ALTER TABLE target_parts ALTER COLUMN content SET STORAGE EXTERNAL;
ALTER TABLE tuf_targets ALTER COLUMN content DROP NOT NULL;
