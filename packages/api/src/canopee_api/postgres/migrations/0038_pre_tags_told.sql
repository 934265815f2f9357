-- Whoever watches a device hears of its tags and notes.
CREATE TRIGGER tell_watchers_new AFTER INSERT ON device_tags
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('devices', 'device_id');
CREATE TRIGGER tell_watchers_gone AFTER DELETE ON device_tags
    REFERENCING OLD TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('devices', 'device_id');
CREATE TRIGGER tell_watchers_new AFTER INSERT ON device_notes
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('devices', 'device_id');
