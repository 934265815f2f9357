"""The API and the agent as they are, with somebody who watches: every address that is asked for, a step that fails."""
