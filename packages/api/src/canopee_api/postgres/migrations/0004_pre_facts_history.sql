-- What changed in the facts of a device: name → [old, new], null where it was or is absent. The first facts are no change.
CREATE TABLE fact_changes (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id uuid NOT NULL REFERENCES devices ON DELETE CASCADE,
    at timestamptz NOT NULL,
    changes jsonb NOT NULL
);
CREATE INDEX fact_changes_by_device ON fact_changes (device_id, n);
CREATE INDEX fact_changes_by_age ON fact_changes (at);
