-- When everything was stopped, and is no more: silence did not count meanwhile, and no ring grew old.
CREATE TABLE past_standstills (
    since timestamptz NOT NULL,
    until timestamptz NOT NULL CHECK (until >= since)
);
CREATE INDEX past_standstills_by_end ON past_standstills (until);
