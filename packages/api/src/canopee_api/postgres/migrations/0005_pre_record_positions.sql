-- How far each reader of committed records has come: everything up to (xid, n) is behind it.
CREATE TABLE record_positions (
    name text PRIMARY KEY,
    xid xid8 NOT NULL,
    n bigint NOT NULL,
    moved_at timestamptz NOT NULL
) WITH (fillfactor = 80);
