"""The ports of the agent on Linux."""
