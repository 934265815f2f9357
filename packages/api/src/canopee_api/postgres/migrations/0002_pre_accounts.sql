-- People and what they did.

CREATE TABLE users (
    login text PRIMARY KEY,
    password_hash text NOT NULL,
    roles text[] NOT NULL,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
    created_at timestamptz NOT NULL
);

CREATE TABLE sessions (
    sha256 bytea PRIMARY KEY,
    login text NOT NULL REFERENCES users,
    expires_at timestamptz NOT NULL
);

CREATE TABLE api_keys (
    id text PRIMARY KEY,
    sha256 bytea NOT NULL,
    name text NOT NULL,
    owner text NOT NULL REFERENCES users,
    roles text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);

-- Each row carries the hash of the one before: a row changed or taken away shows.
CREATE TABLE audit (
    n bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    detail jsonb NOT NULL,
    previous bytea NOT NULL,
    sha256 bytea NOT NULL
);
