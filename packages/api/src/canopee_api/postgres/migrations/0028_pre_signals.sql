-- Records that a campaign watches, counted as they come: one row a device and signal (its place in the rollout).
CREATE TABLE signal_records (
    campaign_id uuid NOT NULL REFERENCES campaigns,
    signal integer NOT NULL,
    device_id uuid NOT NULL REFERENCES devices ON DELETE CASCADE,
    records bigint NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (campaign_id, signal, device_id)
) WITH (fillfactor = 80);
