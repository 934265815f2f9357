-- A campaign may be stopped, and may reach a part of the fleet only: the basis points of its last ring.
ALTER TABLE campaigns ADD COLUMN stopped_at timestamptz;
ALTER TABLE campaigns ADD COLUMN reach_bp integer NOT NULL DEFAULT 10000;
