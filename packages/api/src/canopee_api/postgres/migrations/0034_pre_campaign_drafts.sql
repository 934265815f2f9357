-- Documents of campaigns that wait for their approvers. One that was started has a campaign of the same id.
CREATE TABLE campaign_drafts (
    id uuid PRIMARY KEY,
    envelope bytea NOT NULL,
    document_sha256 text NOT NULL,
    submitted_by text NOT NULL,
    created_at timestamptz NOT NULL,
    withdrawn_at timestamptz
);
CREATE INDEX audit_by_object ON audit (object, n);
CREATE TRIGGER tell_watchers_new AFTER INSERT ON campaign_drafts
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('campaigns', 'id');
CREATE TRIGGER tell_watchers_changed AFTER UPDATE ON campaign_drafts
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION tell_watchers('campaigns', 'id');
