"""People, their sessions, their API keys and what each role may do."""
