"""The step kinds: one file a kind, found by discovery; the shape is in `canopee_agent.step`."""
