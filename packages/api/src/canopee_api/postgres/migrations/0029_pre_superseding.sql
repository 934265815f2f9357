-- The campaign that ended this one, as its document says.
ALTER TABLE campaigns ADD COLUMN superseded_by uuid REFERENCES campaigns;
CREATE INDEX campaigns_superseded ON campaigns (superseded_by) WHERE superseded_by IS NOT NULL;
