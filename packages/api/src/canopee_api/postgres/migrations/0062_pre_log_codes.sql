-- Codes that support dictates: each is good for one PC. Only its hash is kept; asked: the request that it becomes.
CREATE TABLE log_codes (
    id uuid PRIMARY KEY,
    sha256 bytea NOT NULL UNIQUE,
    asked jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    device_id uuid REFERENCES devices,
    request_id uuid REFERENCES log_requests
);
CREATE TRIGGER tell_watchers_new AFTER INSERT ON log_codes
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('logs', 'id');
CREATE TRIGGER tell_watchers_changed AFTER UPDATE ON log_codes
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('logs', 'id');
