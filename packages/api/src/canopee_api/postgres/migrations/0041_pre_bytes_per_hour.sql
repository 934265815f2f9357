-- What each PC downloads, as far as it is known, and what of unknown size it downloads too.
ALTER TABLE campaigns
    ADD COLUMN bytes_per_device bigint NOT NULL DEFAULT 0,
    ADD COLUMN bytes_unknown text[] NOT NULL DEFAULT '{}';
