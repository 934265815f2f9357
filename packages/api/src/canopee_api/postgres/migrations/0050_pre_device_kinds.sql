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
ALTER TABLE device_presence ADD COLUMN kind integer REFERENCES device_kinds;

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

UPDATE device_presence SET kind = kind_of(device_id, agent_version);
ALTER TABLE device_presence ALTER COLUMN kind SET NOT NULL;
