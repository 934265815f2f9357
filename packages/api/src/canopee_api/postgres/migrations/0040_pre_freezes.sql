-- The freeze calendar: from starts to ends, by the clock on the wall of each practice, no order of an action is made or delivered (collects:
-- nor of a collection). One that was removed stays: silence did not count while it was in force. frozen_zones: where it was frozen when somebody
-- looked last, so that the end of a freeze is told, once.
CREATE TABLE freezes (
    id uuid PRIMARY KEY,
    starts timestamp NOT NULL,
    ends timestamp NOT NULL CHECK (ends > starts),
    reason text NOT NULL,
    collects boolean NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    removed_at timestamptz
);
CREATE INDEX freezes_by_end ON freezes (ends);
CREATE TABLE frozen_zones (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    seen jsonb NOT NULL
);
-- As in the document: it goes on through freezes.
ALTER TABLE campaigns ADD COLUMN through_freezes boolean NOT NULL DEFAULT false;
