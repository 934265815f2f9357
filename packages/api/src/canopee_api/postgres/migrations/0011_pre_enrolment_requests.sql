-- PCs that wait for a decision, and the rules that decide by themselves.

-- One row a key and token. by_rule: a rule decided, and may decide otherwise the next time; what a person decided stays.
CREATE TABLE enrolment_requests (
    id uuid PRIMARY KEY,
    public_key bytea NOT NULL,
    token_sha256 bytea NOT NULL REFERENCES enrolment_tokens ON DELETE CASCADE,
    state text NOT NULL CHECK (state IN ('waiting', 'approved', 'enrolled', 'rejected', 'expired')),
    by_rule boolean NOT NULL DEFAULT false,
    hostname text NOT NULL,
    practice_id text NOT NULL,
    platform text NOT NULL,
    agent_version text NOT NULL,
    fingerprint text NOT NULL,
    address inet,
    reason text NOT NULL,
    asked_at timestamptz NOT NULL,
    last_asked_at timestamptz NOT NULL,
    decided_by text NOT NULL DEFAULT '',
    decided_at timestamptz,
    device_id uuid REFERENCES devices,
    UNIQUE (public_key, token_sha256)
);
CREATE INDEX enrolment_requests_by_state ON enrolment_requests (state, id);
CREATE INDEX enrolment_requests_by_token ON enrolment_requests (token_sha256) WHERE state = 'waiting';
CREATE INDEX enrolment_requests_by_age ON enrolment_requests (last_asked_at);

CREATE TABLE enrolment_rules (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    rules jsonb NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL
);
