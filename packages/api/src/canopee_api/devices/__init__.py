"""PCs: enrolment, tokens, facts."""
