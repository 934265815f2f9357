-- Log requests that were ended before their time; cancelled_at of a device: something was still to come of it.
ALTER TABLE log_requests ADD COLUMN cancelled_at timestamptz;
ALTER TABLE log_requests ADD COLUMN cancelled_by text NOT NULL DEFAULT '';
ALTER TABLE log_request_devices ADD COLUMN cancelled_at timestamptz;
