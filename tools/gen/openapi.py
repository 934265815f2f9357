"""`docs/reference/openapi/{agent,people}.json`: what the two doors accept and answer."""

import msgspec

from canopee_api.doors.agent.document import agent_document
from canopee_api.doors.people.app import people_document


def generate() -> dict[str, str]:
    """The document of each door, as it is served at `/v1/openapi/`."""
    documents = {"agent": agent_document(), "people": people_document()}
    return {
        f"docs/reference/openapi/{name}.json": msgspec.json.format(msgspec.json.encode(one), indent=2).decode()
        + "\n"
        for name, one in documents.items()
    }
