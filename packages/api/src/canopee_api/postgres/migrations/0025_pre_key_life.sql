-- Alarms are said once whatever the number of processes and of their starts; orders are signed again when the director changes.
CREATE TABLE key_alarms (
    role text NOT NULL,
    version integer NOT NULL,
    state text NOT NULL,
    said_at timestamptz NOT NULL,
    PRIMARY KEY (role, version, state)
);
CREATE TABLE order_epochs (
    epoch integer PRIMARY KEY,
    since timestamptz NOT NULL,
    done_at timestamptz
);
