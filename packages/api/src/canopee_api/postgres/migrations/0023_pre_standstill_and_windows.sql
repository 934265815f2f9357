-- The one row says that everything is stopped: no order is made or delivered.
CREATE TABLE standstill (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    since timestamptz NOT NULL,
    stopped_by text NOT NULL,
    reason text NOT NULL
);
-- As in the document: when, by the clock on the wall of the PC, an order may begin. opened: time zone -> the last opening that was told.
ALTER TABLE campaigns
    ADD COLUMN windows jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN opened jsonb NOT NULL DEFAULT '{}';
