-- Rings open one after the other; a campaign may pause, and halts by itself. Older campaigns have one ring: none is stored.
ALTER TABLE campaigns
    ADD COLUMN rings jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN pilots uuid[] NOT NULL DEFAULT '{}',
    ADD COLUMN rollout jsonb,
    ADD COLUMN ring integer NOT NULL DEFAULT 0,
    ADD COLUMN ring_opened_at timestamptz,
    ADD COLUMN judged_from timestamptz,
    ADD COLUMN paused_at timestamptz,
    ADD COLUMN halted_at timestamptz,
    ADD COLUMN halt_reason text NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN ring integer NOT NULL DEFAULT 0;
CREATE TABLE waiting_devices (
    campaign_id uuid NOT NULL REFERENCES campaigns,
    device_id uuid NOT NULL REFERENCES devices,
    ring integer NOT NULL,
    PRIMARY KEY (campaign_id, ring, device_id),
    UNIQUE (campaign_id, device_id)
);
