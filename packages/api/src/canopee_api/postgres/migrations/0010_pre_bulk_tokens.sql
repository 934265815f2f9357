-- Tokens that are made together, good for several enrolments, bound to a pattern of practices, revocable.

ALTER TABLE enrolment_tokens
    ADD COLUMN batch_id uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN label text NOT NULL DEFAULT '',
    ADD COLUMN practice_pattern text NOT NULL DEFAULT '',
    ADD COLUMN needs_approval boolean NOT NULL DEFAULT false,
    ADD COLUMN uses integer NOT NULL DEFAULT 1,
    ADD COLUMN used integer NOT NULL DEFAULT 0,
    ADD COLUMN revoked_at timestamptz,
    ADD CHECK (used BETWEEN 0 AND uses);
UPDATE enrolment_tokens SET used = 1 WHERE device_id IS NOT NULL;
CREATE INDEX enrolment_tokens_by_batch ON enrolment_tokens (batch_id);

ALTER TABLE devices ADD COLUMN token_sha256 bytea;
UPDATE devices d SET token_sha256 = t.sha256 FROM enrolment_tokens t WHERE t.device_id = d.id;
CREATE INDEX devices_by_fingerprint ON devices (fingerprint);
CREATE INDEX devices_by_practice ON devices (practice_id);
