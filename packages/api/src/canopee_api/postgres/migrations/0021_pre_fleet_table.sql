-- A text without case and accents, for searches.
CREATE FUNCTION folded(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN translate(lower($1), 'àâäáãåçèéêëìíîïñòóôöõùúûüýÿœæ', 'aaaaaaceeeeiiiinooooouuuuyyoa');
ALTER TABLE devices ADD COLUMN search text NOT NULL GENERATED ALWAYS AS (folded(hostname || ' ' || practice_id)) STORED;
ALTER TABLE practices ADD COLUMN search text NOT NULL GENERATED ALWAYS AS (folded(name || ' ' || city)) STORED;
CREATE INDEX devices_by_name ON devices (folded(hostname) COLLATE "C", id);

-- The facts that the table of devices counts by.
ALTER TABLE device_facts
    ADD COLUMN os text GENERATED ALWAYS AS (facts->>'os.name') STORED,
    ADD COLUMN product text GENERATED ALWAYS AS (facts->>'product.version') STORED;
CREATE INDEX runs_failed ON runs (received_at, device_id) WHERE state IN ('failed', 'timed_out');

-- Tags are known to the API only: no condition reads them.
CREATE TABLE device_tags (
    tag text NOT NULL,
    device_id uuid NOT NULL REFERENCES devices ON DELETE CASCADE,
    given_by text NOT NULL,
    given_at timestamptz NOT NULL,
    PRIMARY KEY (tag, device_id)
);
CREATE INDEX device_tags_by_device ON device_tags (device_id, tag);

CREATE TABLE device_notes (
    id uuid PRIMARY KEY,
    device_id uuid NOT NULL REFERENCES devices ON DELETE CASCADE,
    author text NOT NULL,
    at timestamptz NOT NULL,
    text text NOT NULL
);
CREATE INDEX device_notes_by_device ON device_notes (device_id, id);

-- Devices that somebody selected: the list does not change any more. Kept for some days.
CREATE TABLE selections (
    id uuid PRIMARY KEY,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    query jsonb,
    device_ids uuid[] NOT NULL
);
CREATE INDEX selections_by_age ON selections (expires_at);

CREATE TABLE saved_views (
    id uuid PRIMARY KEY,
    owner text NOT NULL REFERENCES users,
    page text NOT NULL,
    name text NOT NULL,
    query text NOT NULL,
    shared boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    UNIQUE (owner, page, name)
);
