-- Records counted by day, so that growth is known without looking at every row, and expiry knows where to look.
CREATE TABLE record_days (
    day date NOT NULL,
    dataset text NOT NULL,
    version integer NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    PRIMARY KEY (day, dataset, version)
) WITH (fillfactor = 80);

-- The time that retention has reached: it follows the clock, but not its jumps.
CREATE TABLE retention (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    reached_at timestamptz NOT NULL
);

CREATE INDEX rejected_records_by_age ON rejected_records (received_at);
