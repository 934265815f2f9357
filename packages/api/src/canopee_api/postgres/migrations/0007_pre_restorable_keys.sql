-- A restore has an empty search_path: the keys of versions must find their function all the same.
CREATE OR REPLACE FUNCTION version_keys(facts jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT AS $$
BEGIN
    RETURN (SELECT coalesce(jsonb_strip_nulls(jsonb_object_agg(name, version_sort_key(value))), '{}')
            FROM jsonb_each_text(facts) each (name, value)
            WHERE value COLLATE "C" ~ '^[0-9]' AND jsonb_typeof(facts->name) = 'string');
END $$;
