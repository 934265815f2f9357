
-- A text without case and accents, for searches.
CREATE FUNCTION folded(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN translate(lower($1), 'àâäáãåçèéêëìíîïñòóôöõùúûüýÿœæ', 'aaaaaaceeeeiiiinooooouuuuyyoa');

CREATE TABLE devices (
    id uuid PRIMARY KEY,
    public_key bytea NOT NULL UNIQUE,
    hostname text NOT NULL,
    practice_id text NOT NULL,
    platform text NOT NULL,
    fingerprint text NOT NULL,
    simulated boolean NOT NULL,
    generation integer NOT NULL DEFAULT 1,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspect', 'revoked')),
    order_seq bigint NOT NULL DEFAULT 0,
    enrolled_at timestamptz NOT NULL,
    token_sha256 bytea,
    search text NOT NULL GENERATED ALWAYS AS (folded(hostname || ' ' || practice_id)) STORED,
    -- `ring_position` of the contract: the first 64 bits of SHA-256, modulo 10 000; 2^32 is 7 296 modulo that.
    place integer NOT NULL GENERATED ALWAYS AS (
        mod(mod(('x' || left(encode(sha256(id::text::bytea), 'hex'), 8))::bit(32)::bigint, 10000) * 7296
            + ('x' || substr(encode(sha256(id::text::bytea), 'hex'), 9, 8))::bit(32)::bigint, 10000)::int) STORED
);
CREATE INDEX devices_by_name ON devices (folded(hostname) COLLATE "C", id);
CREATE INDEX devices_revoked ON devices (id) WHERE state = 'revoked';
CREATE INDEX devices_by_fingerprint ON devices (fingerprint);
CREATE INDEX devices_by_practice ON devices (practice_id);

-- Written behind, every second: narrow, with room for HOT updates, and no index but its key.
CREATE TABLE device_presence (
    device_id uuid PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
    last_seen_at timestamptz NOT NULL,
    counter bigint NOT NULL DEFAULT 0,
    agent_version text NOT NULL
) WITH (fillfactor = 80);

-- A text that compares bytewise as the version does; NULL when it is not a version. Each number has its length before it,
-- then 0 and the suffix of a pre-release, or 1. The order is that of `version_key` in canopee_contract/version.py.
CREATE FUNCTION version_sort_key(version text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    core text := split_part(version, '+', 1);
    numbers text := split_part(core, '-', 1);
    missing int := 5 - length(translate(numbers, '0123456789', ''));
    number text;
    key text := '';
BEGIN
    IF version COLLATE "C"
        !~ '^[0-9]{1,9}(?:\.[0-9]{1,9}){0,5}(?:-[0-9A-Za-z.-]{1,40})?(?:\+[0-9A-Za-z.-]{1,40})?$' THEN
        RETURN NULL;
    END IF;
    FOREACH number IN ARRAY string_to_array(numbers || repeat('.0', missing), '.') LOOP
        number := ltrim(number, '0');
        key := key || CASE number WHEN '' THEN '10' ELSE length(number) || number END;
    END LOOP;
    RETURN key || CASE core WHEN numbers THEN '1' ELSE '0' || substr(core, length(numbers) + 2) END;
END $$;

-- Name → key of the facts that are versions. The database computes it itself: no writer of facts can forget it,
-- and a restore, whose search_path is empty, computes it too.
CREATE FUNCTION version_keys(facts jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT AS $$
BEGIN
    RETURN (SELECT coalesce(jsonb_strip_nulls(jsonb_object_agg(name, version_sort_key(value))), '{}')
            FROM jsonb_each_text(facts) each (name, value)
            WHERE value COLLATE "C" ~ '^[0-9]' AND jsonb_typeof(facts->name) = 'string');
END $$;

-- is_considered: living campaigns have been evaluated on these facts.
CREATE TABLE device_facts (
    device_id uuid PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
    hash text NOT NULL,
    facts jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    is_considered boolean NOT NULL DEFAULT false,
    version_keys jsonb NOT NULL GENERATED ALWAYS AS (version_keys(facts)) STORED,
    os text GENERATED ALWAYS AS (facts->>'os.name') STORED,
    product text GENERATED ALWAYS AS (facts->>'product.version') STORED
);
CREATE INDEX device_facts_update_failed ON device_facts (device_id) WHERE facts ? 'agent.update_failed';
CREATE INDEX device_facts_not_considered ON device_facts (device_id) WHERE NOT is_considered;

-- What devices are counted by: one row a combination that exists. The database keeps the kind of each device itself, so that no
-- writer can forget it; the fleet is then counted by reading its narrow presence alone. agent_key orders versions.
CREATE TABLE device_kinds (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text NOT NULL,
    platform text NOT NULL,
    agent_version text NOT NULL,
    has_facts boolean NOT NULL,
    os text NOT NULL,
    product text NOT NULL,
    family text NOT NULL,
    arch text NOT NULL,
    digest bytea NOT NULL UNIQUE,
    agent_key text NOT NULL GENERATED ALWAYS AS (coalesce(version_sort_key(agent_version), '')) STORED
);
ALTER TABLE device_presence ADD COLUMN kind integer NOT NULL REFERENCES device_kinds;

-- The kind of a device that has this agent, made when it is the first of its kind. The row of its presence is locked before.
CREATE FUNCTION kind_of(device uuid, version text) RETURNS integer LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    found integer;
    of_device record;
    key bytea;
BEGIN
    SELECT d.state, d.platform, f.device_id IS NOT NULL AS has_facts, coalesce(f.os, '') AS os,
           coalesce(f.product, '') AS product, coalesce(f.facts->>'os.family', '') AS family,
           coalesce(f.facts->>'os.arch', '') AS arch INTO of_device
    FROM devices d LEFT JOIN device_facts f ON f.device_id = d.id WHERE d.id = device;
    key := sha256(convert_to(jsonb_build_array(of_device, version)::text, 'UTF8'));
    LOOP
        SELECT id INTO found FROM device_kinds WHERE digest = key;
        EXIT WHEN found IS NOT NULL;
        INSERT INTO device_kinds (state, platform, agent_version, has_facts, os, product, family, arch, digest)
        VALUES (of_device.state, of_device.platform, version, of_device.has_facts, of_device.os, of_device.product,
                of_device.family, of_device.arch, key) ON CONFLICT (digest) DO NOTHING;
    END LOOP;
    RETURN found;
END $$;

CREATE FUNCTION set_kind() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    NEW.kind := kind_of(NEW.device_id, NEW.agent_version);
    RETURN NEW;
END $$;
CREATE TRIGGER set_kind BEFORE INSERT OR UPDATE OF agent_version ON device_presence
    FOR EACH ROW EXECUTE FUNCTION set_kind();

-- Presence first, then the kind: whoever writes takes both in this order, and none waits for another in a circle.
CREATE FUNCTION renew_kind(device uuid) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM FROM device_presence WHERE device_id = device FOR UPDATE;
    UPDATE device_presence SET kind = kind_of(device_id, agent_version) WHERE device_id = device;
END $$;
CREATE FUNCTION facts_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM renew_kind(NEW.device_id);
    RETURN NULL;
END $$;
CREATE FUNCTION device_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM renew_kind(NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER renew_kind_new AFTER INSERT ON device_facts FOR EACH ROW EXECUTE FUNCTION facts_changed();
CREATE TRIGGER renew_kind_changed AFTER UPDATE OF facts ON device_facts FOR EACH ROW
    WHEN ((OLD.os, OLD.product, OLD.facts->>'os.family', OLD.facts->>'os.arch')
          IS DISTINCT FROM (NEW.os, NEW.product, NEW.facts->>'os.family', NEW.facts->>'os.arch'))
    EXECUTE FUNCTION facts_changed();
CREATE TRIGGER renew_kind_changed AFTER UPDATE OF state, platform ON devices FOR EACH ROW
    WHEN ((OLD.state, OLD.platform) IS DISTINCT FROM (NEW.state, NEW.platform)) EXECUTE FUNCTION device_changed();

-- What changed in the facts of a device: name → [old, new], null where it was or is absent. The first facts are no change.
CREATE TABLE fact_changes (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id uuid NOT NULL REFERENCES devices ON DELETE CASCADE,
    at timestamptz NOT NULL,
    changes jsonb NOT NULL
);
CREATE INDEX fact_changes_by_device ON fact_changes (device_id, n);
CREATE INDEX fact_changes_by_age ON fact_changes (at);

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

CREATE TABLE enrolment_tokens (
    sha256 bytea PRIMARY KEY,
    practice_id text NOT NULL,
    simulated boolean NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    device_id uuid REFERENCES devices,
    batch_id uuid NOT NULL DEFAULT gen_random_uuid(),
    label text NOT NULL DEFAULT '',
    practice_pattern text NOT NULL DEFAULT '',
    needs_approval boolean NOT NULL DEFAULT false,
    uses integer NOT NULL DEFAULT 1,
    used integer NOT NULL DEFAULT 0,
    revoked_at timestamptz,
    CHECK (used BETWEEN 0 AND uses)
);
CREATE INDEX enrolment_tokens_by_batch ON enrolment_tokens (batch_id);

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
    replaces boolean NOT NULL DEFAULT false,
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

-- The practices that the vendor's customer system names. consent: what users of its PCs are asked before files leave them.
CREATE TABLE practices (
    id text PRIMARY KEY,
    name text NOT NULL,
    city text NOT NULL,
    postal_code text NOT NULL,
    time_zone text NOT NULL,
    contact text NOT NULL,
    email text NOT NULL,
    phone text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    search text NOT NULL GENERATED ALWAYS AS (folded(name || ' ' || city)) STORED,
    consent text NOT NULL DEFAULT 'inform' CHECK (consent IN ('none', 'inform', 'ask'))
);

-- expanded_to: the last device that the first round has looked at. reach_bp: the basis points of its last ring.
-- rings, pilots, rollout: as in the document. ring: the newest one that is open, -1 before the first. judged_from: when it was
-- resumed; what had failed before counts no more. windows: as in the document: when, by the clock on the wall of the PC, an
-- order may begin. opened: time zone -> the last opening that was told. halt_code, halt_params: what halt_reason says, for
-- programs. signal_figures: what its signals had counted at the last look. through_freezes: as in the document.
-- bytes_per_device: what each PC downloads, as far as it is known; bytes_unknown: what of unknown size it downloads too.
-- upload_budget_bytes: what each PC may send; of a log request only.
CREATE TABLE campaigns (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('collect', 'action')),
    pipeline jsonb NOT NULL,
    parameters jsonb NOT NULL,
    condition jsonb NOT NULL,
    document bytea,
    document_sha256 text,
    max_targets integer NOT NULL,
    targets integer NOT NULL DEFAULT 0,
    is_living boolean NOT NULL,
    is_expanded boolean NOT NULL DEFAULT false,
    not_before timestamptz NOT NULL,
    not_after timestamptz NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expanded_to uuid,
    stopped_at timestamptz,
    reach_bp integer NOT NULL DEFAULT 10000,
    rings jsonb NOT NULL DEFAULT '[]',
    pilots uuid[] NOT NULL DEFAULT '{}',
    rollout jsonb,
    ring integer NOT NULL DEFAULT 0,
    ring_opened_at timestamptz,
    judged_from timestamptz,
    paused_at timestamptz,
    halted_at timestamptz,
    halt_reason text NOT NULL DEFAULT '',
    windows jsonb NOT NULL DEFAULT '[]',
    opened jsonb NOT NULL DEFAULT '{}',
    superseded_by uuid REFERENCES campaigns,
    halt_code text NOT NULL DEFAULT '',
    halt_params jsonb NOT NULL DEFAULT '{}',
    signal_figures jsonb NOT NULL DEFAULT '[]',
    signals_at timestamptz,
    through_freezes boolean NOT NULL DEFAULT false,
    bytes_per_device bigint NOT NULL DEFAULT 0,
    bytes_unknown text[] NOT NULL DEFAULT '{}',
    recurrence jsonb,
    prerequisites jsonb NOT NULL DEFAULT '[]',
    is_dry boolean NOT NULL DEFAULT false,
    upload_budget_bytes bigint,
    CHECK ((document IS NULL) = (document_sha256 IS NULL)),
    CHECK (document IS NOT NULL OR kind = 'collect')
);

CREATE INDEX campaigns_superseded ON campaigns (superseded_by) WHERE superseded_by IS NOT NULL;

-- The one row says that everything is stopped: no order is made or delivered.
CREATE TABLE standstill (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    since timestamptz NOT NULL,
    stopped_by text NOT NULL,
    reason text NOT NULL
);
-- When everything was stopped, and is no more: silence did not count meanwhile, and no ring grew old.
CREATE TABLE past_standstills (
    since timestamptz NOT NULL,
    until timestamptz NOT NULL CHECK (until >= since)
);
CREATE INDEX past_standstills_by_end ON past_standstills (until);

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

-- Documents of campaigns that wait for their approvers. One that was started has a campaign of the same id.
CREATE TABLE campaign_drafts (
    id uuid PRIMARY KEY,
    envelope bytea NOT NULL,
    document_sha256 text NOT NULL,
    submitted_by text NOT NULL,
    created_at timestamptz NOT NULL,
    withdrawn_at timestamptz
);

-- Of a campaign that recurs, a device has one order an occurrence (a time on the wall); the last one is current.
CREATE TABLE orders (
    id uuid PRIMARY KEY,
    device_id uuid NOT NULL REFERENCES devices,
    generation integer NOT NULL,
    seq bigint NOT NULL,
    campaign_id uuid NOT NULL REFERENCES campaigns,
    ordinal integer NOT NULL,
    envelope bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    delivered_at timestamptz,
    ring integer NOT NULL DEFAULT 0,
    occurrence text NOT NULL DEFAULT '',
    is_current boolean NOT NULL DEFAULT true,
    UNIQUE (device_id, generation, seq),
    CONSTRAINT orders_once UNIQUE (campaign_id, device_id, occurrence)
);
CREATE UNIQUE INDEX orders_current ON orders (campaign_id, device_id) WHERE is_current;

-- Devices that a campaign has reached and whose order is still to be made: their ring is not open, or it makes none now.
CREATE TABLE waiting_devices (
    campaign_id uuid NOT NULL REFERENCES campaigns,
    device_id uuid NOT NULL REFERENCES devices,
    ring integer NOT NULL,
    PRIMARY KEY (campaign_id, ring, device_id),
    UNIQUE (campaign_id, device_id)
);

CREATE TABLE runs (
    order_id uuid PRIMARY KEY REFERENCES orders,
    device_id uuid NOT NULL REFERENCES devices,
    state text NOT NULL CHECK (state IN ('done', 'skipped', 'failed', 'timed_out', 'expired', 'cancelled', 'unknown')),
    code text NOT NULL,
    detail text NOT NULL,
    agent_version text NOT NULL,
    started_at timestamptz,
    finished_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    steps jsonb NOT NULL,
    campaign_id uuid NOT NULL,
    ring integer NOT NULL,
    is_current boolean NOT NULL,
    is_dry boolean NOT NULL DEFAULT false
);
CREATE INDEX runs_by_campaign ON runs (campaign_id, device_id) INCLUDE (state, ring, is_current);
CREATE INDEX runs_by_device ON runs (device_id, order_id);
CREATE INDEX runs_by_arrival ON runs (received_at);
CREATE INDEX runs_failed ON runs (received_at, device_id) WHERE state IN ('failed', 'timed_out');

-- The highest version of each pipeline that a device has done, in its present enrolment: what other campaigns come after.
CREATE TABLE pipelines_done (
    device_id uuid NOT NULL REFERENCES devices ON DELETE CASCADE,
    kind text NOT NULL,
    name text NOT NULL,
    generation integer NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (device_id, kind, name)
);

-- Campaign and ring of a run are those of its order, and whether it is current: a whole campaign is counted without reading its orders.
CREATE FUNCTION set_campaign() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    SELECT campaign_id, ring, is_current INTO NEW.campaign_id, NEW.ring, NEW.is_current
    FROM orders WHERE id = NEW.order_id FOR SHARE;
    RETURN NEW;
END $$;
CREATE TRIGGER set_campaign BEFORE INSERT ON runs FOR EACH ROW EXECUTE FUNCTION set_campaign();
CREATE FUNCTION set_current() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE runs SET is_current = NEW.is_current WHERE order_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER set_current AFTER UPDATE OF is_current ON orders FOR EACH ROW
    WHEN (OLD.is_current IS DISTINCT FROM NEW.is_current) EXECUTE FUNCTION set_current();

-- Records that a campaign watches, counted as they come: one row a device and signal (its place in the rollout).
CREATE TABLE signal_records (
    campaign_id uuid NOT NULL REFERENCES campaigns,
    signal integer NOT NULL,
    device_id uuid NOT NULL REFERENCES devices ON DELETE CASCADE,
    records bigint NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (campaign_id, signal, device_id)
) WITH (fillfactor = 80);

CREATE TABLE datasets (
    name text NOT NULL,
    version integer NOT NULL,
    definition jsonb NOT NULL,
    managed_by text NOT NULL,
    applied_at timestamptz NOT NULL,
    PRIMARY KEY (name, version)
);

-- (xid, n) is the order in which sinks read: below pg_snapshot_xmin no row can appear any more.
CREATE TABLE records (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    n bigint GENERATED ALWAYS AS IDENTITY,
    device_id uuid NOT NULL,
    generation integer NOT NULL,
    stream text NOT NULL,
    seq bigint NOT NULL,
    dataset text NOT NULL,
    version integer NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    order_id uuid,
    body jsonb NOT NULL
) PARTITION BY RANGE (received_at);
CREATE INDEX records_in_order ON records (xid, n);
CREATE INDEX records_by_device ON records (device_id, n);
CREATE TABLE records_default PARTITION OF records DEFAULT;

CREATE TABLE record_marks (
    device_id uuid NOT NULL REFERENCES devices ON DELETE CASCADE,
    generation integer NOT NULL,
    stream text NOT NULL,
    mark bigint NOT NULL,
    PRIMARY KEY (device_id, generation, stream)
) WITH (fillfactor = 80);

-- How far each reader of committed records has come: everything up to (xid, n) is behind it.
CREATE TABLE record_positions (
    name text PRIMARY KEY,
    xid xid8 NOT NULL,
    n bigint NOT NULL,
    moved_at timestamptz NOT NULL
) WITH (fillfactor = 80);

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

-- A record refused for good, as it came: body is the text of its JSON, whatever it holds.
CREATE TABLE rejected_records (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id uuid NOT NULL,
    stream text NOT NULL,
    seq bigint NOT NULL,
    dataset text NOT NULL,
    version integer NOT NULL,
    code text NOT NULL,
    detail text NOT NULL,
    body bytea NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX rejected_records_by_age ON rejected_records (received_at);

-- What every process must see. Readers look at every row from a snapshot's xmin on: a serial alone loses late commits.
CREATE TABLE changes (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    n bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL CHECK (kind IN ('device', 'facts', 'order', 'catalog')),
    device_id uuid,
    value bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (xid, n)
);
CREATE INDEX changes_by_age ON changes (created_at);

CREATE TABLE tuf_metadata (
    role text NOT NULL,
    version integer NOT NULL,
    content bytea NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (role, version)
);

-- One row a path and content; is_current: named by the newest metadata; no content: it is in target_parts.
CREATE TABLE tuf_targets (
    path text NOT NULL,
    sha256 text NOT NULL,
    content bytea,
    is_current boolean NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (path, sha256)
);

-- Signed objects of the catalog (pipelines, facts) as they were written: `content` is what is signed. A version is published when a
-- current target has its path and hash; until then it awaits a signature. A draft may be anything; its `revision` tells who was first.
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

-- Files too large for one row (releases of the agent), in parts of 256 KiB: any process stores and serves any part.
CREATE TABLE target_files (
    sha256 text PRIMARY KEY,
    length bigint NOT NULL,
    received bigint NOT NULL DEFAULT 0,
    is_complete boolean NOT NULL DEFAULT false,
    touched_at timestamptz NOT NULL
);
CREATE TABLE target_parts (
    sha256 text NOT NULL REFERENCES target_files ON DELETE CASCADE,
    n integer NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (sha256, n)
);
ALTER TABLE target_parts ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TABLE users (
    login text PRIMARY KEY,
    password_hash text NOT NULL,
    roles text[] NOT NULL,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
    created_at timestamptz NOT NULL
);

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

-- What was said of the metadata of a role: once for each version and level.
CREATE TABLE key_alarms (
    role text NOT NULL,
    version integer NOT NULL,
    state text NOT NULL,
    said_at timestamptz NOT NULL,
    PRIMARY KEY (role, version, state)
);

-- Epochs of the trust policy seen here; done_at: every living order is signed by a director of that epoch.
CREATE TABLE order_epochs (
    epoch integer PRIMARY KEY,
    since timestamptz NOT NULL,
    done_at timestamptz
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
CREATE INDEX audit_by_object ON audit (object, n);

-- Browsers hear what changed. These are hints, lost when nobody listens: a topic, then up to 50 ids; none: many, or unknown.
CREATE FUNCTION tell_watchers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ids text[];
BEGIN
    EXECUTE format('SELECT array_agg(id) FROM (SELECT DISTINCT %I::text AS id FROM written LIMIT 51) few', TG_ARGV[1])
        INTO ids;
    IF ids IS NOT NULL THEN
        PERFORM pg_notify('canopee_live', concat_ws(' ', TG_ARGV[0],
                                                    CASE WHEN cardinality(ids) <= 50 THEN array_to_string(ids, ' ') END));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_watchers_new AFTER INSERT ON campaigns
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('campaigns', 'id');
CREATE TRIGGER tell_watchers_changed AFTER UPDATE ON campaigns
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('campaigns', 'id');
CREATE TRIGGER tell_watchers_new AFTER INSERT ON campaign_drafts
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('campaigns', 'id');
CREATE TRIGGER tell_watchers_changed AFTER UPDATE ON campaign_drafts
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('campaigns', 'id');
CREATE TRIGGER tell_watchers_new AFTER INSERT ON enrolment_requests
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('enrolments', 'id');
CREATE TRIGGER tell_watchers_changed AFTER UPDATE ON enrolment_requests
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('enrolments', 'id');
CREATE TRIGGER tell_watchers_new AFTER INSERT ON practices
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('practices', 'id');
CREATE TRIGGER tell_watchers_changed AFTER UPDATE ON practices
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('practices', 'id');
CREATE TRIGGER tell_watchers_new AFTER INSERT ON device_tags
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('devices', 'device_id');
CREATE TRIGGER tell_watchers_gone AFTER DELETE ON device_tags
    REFERENCING OLD TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('devices', 'device_id');
CREATE TRIGGER tell_watchers_new AFTER INSERT ON device_notes
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('devices', 'device_id');

-- Why the last attempt of a job failed: the library's tables do not say. `job_id` is of `jobs.procrastinate_jobs`.
CREATE TABLE job_failures (
    job_id bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    error text NOT NULL
);

-- Files that PCs send. Their bytes are in the folder of files: a row says what of them is stored for good.
CREATE TABLE uploads (
    id uuid PRIMARY KEY,
    device_id uuid NOT NULL REFERENCES devices,
    order_id uuid NOT NULL REFERENCES orders ON DELETE CASCADE,
    step text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    length bigint NOT NULL,
    received bigint NOT NULL DEFAULT 0,
    is_complete boolean NOT NULL DEFAULT false,
    begun_at timestamptz NOT NULL,
    touched_at timestamptz NOT NULL,
    UNIQUE (order_id, step, name)
);
CREATE INDEX uploads_by_content ON uploads (sha256);
CREATE INDEX uploads_by_device ON uploads (device_id, begun_at);
CREATE INDEX uploads_under_way ON uploads (touched_at) WHERE NOT is_complete;

-- Log requests: a campaign whose PCs send files, who asked for it and why, and what is left of what they sent.
CREATE TABLE log_requests (
    id uuid PRIMARY KEY REFERENCES campaigns,
    reason text NOT NULL,
    ticket text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    total_budget_bytes bigint NOT NULL,
    keep_until timestamptz NOT NULL,
    notify text[] NOT NULL,
    forward boolean NOT NULL,
    again_of uuid REFERENCES log_requests,
    code_claimed boolean NOT NULL,
    completed_at timestamptz,
    notified_at timestamptz,
    notify_error text NOT NULL DEFAULT '',
    purged_at timestamptz,
    purged_by text NOT NULL DEFAULT '',
    -- When word of it is tried again, or when another process may.
    notify_attempts integer NOT NULL DEFAULT 0,
    notify_next_at timestamptz,
    cancelled_at timestamptz,
    cancelled_by text NOT NULL DEFAULT ''
);
CREATE INDEX log_requests_untold ON log_requests (completed_at) WHERE notified_at IS NULL AND notify <> '{}';
CREATE INDEX log_requests_kept ON log_requests (keep_until) WHERE purged_at IS NULL;
CREATE INDEX log_requests_open ON log_requests (id) WHERE completed_at IS NULL;
-- over_budget_bytes: what it wanted to send, and was refused; cancelled_at: something was still to come of it.
CREATE TABLE log_request_devices (
    request_id uuid NOT NULL REFERENCES log_requests,
    device_id uuid NOT NULL REFERENCES devices,
    consent text NOT NULL,
    over_budget_bytes bigint,
    purged_at timestamptz,
    cancelled_at timestamptz,
    PRIMARY KEY (request_id, device_id)
);
CREATE TABLE log_receipts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES log_requests,
    device_id uuid NOT NULL REFERENCES devices,
    name text NOT NULL,
    sha256 text NOT NULL,
    length bigint NOT NULL,
    received_at timestamptz,
    purged_at timestamptz NOT NULL,
    purged_by text NOT NULL,
    bytes_removed boolean NOT NULL
);
CREATE INDEX log_receipts_by_request ON log_receipts (request_id, id);
-- What PCs say of the files of log requests that are on them no more; gone_at is by their clocks.
CREATE TABLE log_pc_receipts (
    order_id uuid NOT NULL,
    step text NOT NULL,
    name text NOT NULL,
    request_id uuid NOT NULL REFERENCES log_requests,
    device_id uuid NOT NULL REFERENCES devices,
    sha256 text NOT NULL,
    length bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('sent', 'purged', 'refused', 'expired', 'lost')),
    gone_at timestamptz NOT NULL,
    heard_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, step, name)
);
CREATE INDEX log_pc_receipts_by_request ON log_pc_receipts (request_id, device_id);
CREATE TRIGGER tell_watchers_new AFTER INSERT ON log_requests
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('logs', 'id');
CREATE TRIGGER tell_watchers_changed AFTER UPDATE ON log_requests
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('logs', 'id');
CREATE TRIGGER tell_watchers_changed AFTER UPDATE ON log_request_devices
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('logs', 'request_id');

-- Codes that support dictates: each is good for one PC. Only its hash is kept; asked: the request that it becomes.
CREATE TABLE log_codes (
    id uuid PRIMARY KEY,
    sha256 bytea NOT NULL UNIQUE,
    asked jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    device_id uuid REFERENCES devices,
    request_id uuid REFERENCES log_requests
);
CREATE TRIGGER tell_watchers_new AFTER INSERT ON log_codes
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('logs', 'id');
CREATE TRIGGER tell_watchers_changed AFTER UPDATE ON log_codes
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('logs', 'id');

-- Archives of log requests at the SFTP server, by upload; next_at: when it is tried again, or when another process may.
CREATE TABLE log_forwards (
    upload_id uuid PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES log_requests,
    device_id uuid NOT NULL REFERENCES devices,
    state text NOT NULL CHECK (state IN ('waiting', 'done', 'failing', 'lost')),
    attempts integer NOT NULL DEFAULT 0,
    begun_at timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    done_at timestamptz,
    error text NOT NULL DEFAULT ''
);
CREATE INDEX log_forwards_due ON log_forwards (next_at) WHERE state IN ('waiting', 'failing');
CREATE INDEX log_forwards_by_request ON log_forwards (request_id);
CREATE TRIGGER tell_watchers_changed AFTER UPDATE ON log_forwards
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('logs', 'request_id');
