-- Archives of log requests at the SFTP server, by upload; next_at: when it is tried again, or when another process may.
CREATE TABLE log_forwards (
    upload_id uuid PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES log_requests,
    device_id uuid NOT NULL REFERENCES devices,
    state text NOT NULL CHECK (state IN ('waiting', 'done', 'failing', 'lost')),
    attempts integer NOT NULL DEFAULT 0,
    begun_at timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    done_at timestamptz,
    error text NOT NULL DEFAULT ''
);
CREATE INDEX log_forwards_due ON log_forwards (next_at) WHERE state IN ('waiting', 'failing');
CREATE INDEX log_forwards_by_request ON log_forwards (request_id);
CREATE TRIGGER tell_watchers_changed AFTER UPDATE ON log_forwards
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('logs', 'request_id');
