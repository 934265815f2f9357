-- Whoever approves a PC that was installed again may have its old device revoked when it enrols.
ALTER TABLE enrolment_requests ADD COLUMN replaces boolean NOT NULL DEFAULT false;
