"""The agent as a service: identity, conversation with the server, life cycle and command line."""
