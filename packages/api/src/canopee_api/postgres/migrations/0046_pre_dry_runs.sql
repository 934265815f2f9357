-- Dry runs: orders of which nothing is done. What they report is no run of the pipeline: it counts nowhere as one.
ALTER TABLE campaigns ADD COLUMN is_dry boolean NOT NULL DEFAULT false;
ALTER TABLE runs ADD COLUMN is_dry boolean NOT NULL DEFAULT false;
