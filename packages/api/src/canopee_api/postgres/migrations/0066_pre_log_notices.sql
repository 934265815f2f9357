-- Word of a log request that is complete: who sends it takes it first, for a while, so that no two do.
-- notify_next_at: when it is tried again, or when another process may.
ALTER TABLE log_requests ADD COLUMN notify_attempts integer NOT NULL DEFAULT 0;
ALTER TABLE log_requests ADD COLUMN notify_next_at timestamptz;
CREATE INDEX log_requests_untold ON log_requests (completed_at) WHERE notified_at IS NULL AND notify <> '{}';
