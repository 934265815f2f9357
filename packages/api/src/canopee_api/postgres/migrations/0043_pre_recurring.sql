-- A campaign may recur: a device has one order an occurrence (a time on the wall, `2026-11-23T06:00`), and one that is current.
ALTER TABLE campaigns ADD COLUMN recurrence jsonb;
ALTER TABLE orders
    ADD COLUMN occurrence text NOT NULL DEFAULT '',
    ADD COLUMN is_current boolean NOT NULL DEFAULT true,
    DROP CONSTRAINT orders_campaign_id_device_id_key,
    ADD CONSTRAINT orders_once UNIQUE (campaign_id, device_id, occurrence);
CREATE UNIQUE INDEX orders_current ON orders (campaign_id, device_id) WHERE is_current;
