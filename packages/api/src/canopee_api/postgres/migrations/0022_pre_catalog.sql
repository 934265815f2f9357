-- Signed objects of the catalog as people write them: what awaits a signature, and drafts.
CREATE TABLE catalog_versions (
    kind text NOT NULL,
    name text NOT NULL,
    version integer NOT NULL,
    managed_by text NOT NULL CHECK (managed_by IN ('git', 'ihm')),
    source text NOT NULL,
    path text NOT NULL,
    content bytea NOT NULL,
    sha256 text NOT NULL,
    author text NOT NULL,
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (kind, name, version)
);
CREATE TABLE catalog_drafts (
    kind text NOT NULL,
    name text NOT NULL,
    source text NOT NULL,
    author text NOT NULL,
    changed_at timestamptz NOT NULL,
    revision integer NOT NULL,
    PRIMARY KEY (kind, name)
);
