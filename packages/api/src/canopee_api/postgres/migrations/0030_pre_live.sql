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

-- The change table holds what every process must learn; watchers hear of it too, in their words.
CREATE FUNCTION tell_watchers_of_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('canopee_live', concat_ws(' ', topic, CASE WHEN cardinality(ids) <= 50 THEN array_to_string(ids, ' ') END))
    FROM (
        SELECT CASE kind WHEN 'order' THEN 'runs' WHEN 'catalog' THEN 'pipelines' ELSE 'devices' END AS topic,
               array_agg(DISTINCT device_id) FILTER (WHERE device_id IS NOT NULL) AS ids
        FROM written GROUP BY 1
    ) told;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_watchers AFTER INSERT ON changes
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers_of_changes();
CREATE TRIGGER tell_watchers_new AFTER INSERT ON runs
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('runs', 'device_id');
CREATE TRIGGER tell_watchers_changed AFTER UPDATE ON runs
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('runs', 'device_id');
CREATE TRIGGER tell_watchers_new AFTER INSERT ON campaigns
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('campaigns', 'id');
CREATE TRIGGER tell_watchers_changed AFTER UPDATE ON campaigns
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('campaigns', 'id');
CREATE TRIGGER tell_watchers_new AFTER INSERT ON enrolment_requests
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('enrolments', 'id');
CREATE TRIGGER tell_watchers_changed AFTER UPDATE ON enrolment_requests
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('enrolments', 'id');
CREATE TRIGGER tell_watchers_new AFTER INSERT ON practices
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('practices', 'id');
CREATE TRIGGER tell_watchers_changed AFTER UPDATE ON practices
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('practices', 'id');
