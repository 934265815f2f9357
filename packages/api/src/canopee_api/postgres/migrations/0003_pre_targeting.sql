-- Conditions in SQL, and how far the first round of a campaign has come.

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

-- Name → key of the facts that are versions. The database computes it itself: no writer of facts can forget it.
CREATE FUNCTION version_keys(facts jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (SELECT coalesce(jsonb_strip_nulls(jsonb_object_agg(name, version_sort_key(value))), '{}')
            FROM jsonb_each_text(facts) each (name, value)
            WHERE value COLLATE "C" ~ '^[0-9]' AND jsonb_typeof(facts->name) = 'string');
END $$;

ALTER TABLE device_facts ADD COLUMN version_keys jsonb NOT NULL GENERATED ALWAYS AS (version_keys(facts)) STORED;
CREATE INDEX devices_revoked ON devices (id) WHERE state = 'revoked';
ALTER TABLE campaigns ADD COLUMN expanded_to uuid;
