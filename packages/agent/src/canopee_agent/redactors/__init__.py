"""The redactors: one file a kind of personal data, found by discovery; the shape is in `canopee_agent.redactor`."""
