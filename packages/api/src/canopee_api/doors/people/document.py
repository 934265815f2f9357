"""The OpenAPI document of the people's door: Litestar's, with the contract's schemas and every answer that refuses."""

import pkgutil
import re
from importlib import import_module
from typing import Any

import msgspec

import canopee_contract
from canopee_api.doors.openapi import SCHEMAS, Document, reference, refusals, schemas
from canopee_contract.people import NewCampaign, Page
from canopee_contract.practices import PracticesImport
from canopee_contract.rollouts import DraftSigned, NewDraft

_PAGE = re.compile(r"Page_(.+)_")
_REFERENCE = re.compile(rf'"{SCHEMAS}([^"]+)"')
_BODIES: dict[tuple[str, str], Any] = {
    ("post", "/v1/campaigns"): NewCampaign, ("put", "/v1/practices"): PracticesImport,
    ("post", "/v1/campaign-drafts"): NewDraft, ("post", "/v1/campaign-drafts/{draft_id}/signatures"): DraftSigned,
}  # fmt: skip
"""Bodies that their route reads itself: one holds a signed document, whose bytes count, another is large."""
_RAW = ("/v1/trust/targets/{sha256}",)
"""Paths that are put as bytes, not as JSON."""
_STREAMS = ("/v1/live",)
_PUBLIC = ("/v1/health", "/v1/sessions")


def completed(document: Document) -> Document:
    """The document with its answers and schemas; what is given stays as it is."""
    paths = msgspec.json.encode({path: _item(path, item) for path, item in document["paths"].items()}).decode()
    kinds = {name: _kind(name) for name in sorted(set(_REFERENCE.findall(paths)))}
    paths = _REFERENCE.sub(lambda found: msgspec.json.encode(reference(kinds[found[1]])["$ref"]).decode(), paths)
    components = {**document["components"], "schemas": schemas(kinds.values())}
    return {**document, "paths": msgspec.json.decode(paths), "components": components}


def _item(path: str, item: Document) -> Document:
    return {method: _operation(path, method, one) for method, one in item.items()}


def _operation(path: str, method: str, one: Document) -> Document:
    is_public, is_read = path in _PUBLIC and method in {"get", "post"}, method == "get"
    statuses = {400, 405, 431, 503}
    if not is_public:
        statuses |= {401, 403}
    if "{" in path:
        statuses |= {404}
    if not is_read:
        statuses |= {404, 409, 413, 422}
    if path == "/v1/sessions":
        statuses |= {401, 429}
    if path in _STREAMS:
        statuses |= {429}
    answers = {status: answer for status, answer in one["responses"].items() if status.startswith("2")}
    changed = {**one, "responses": {**answers, **refusals(sorted(statuses))}}
    if kind := _BODIES.get((method, path)):
        content = {"application/json": {"schema": {"$ref": f"{SCHEMAS}{kind.__name__}"}}}
        changed["requestBody"] = {"required": True, "content": content}
    if path in _RAW and method == "put":
        raw = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        changed["requestBody"] = {"required": True, "content": raw}
    if path in _STREAMS:
        data = {"anyOf": [{"$ref": f"{SCHEMAS}LiveEvent"}, {"type": "object"}]}
        text = {"type": "string", "contentMediaType": "application/json", "contentSchema": data}
        named = {"event": {"enum": ["open", "change", "ended"]}, "data": text}
        content = {"text/event-stream": {"schema": {"type": "object", "properties": named}}}
        said = "Server-sent events; `data` of those named `change` is a `LiveEvent`"
        changed["responses"]["200"] = {"description": said, "content": content}
    if is_public:
        changed["security"] = []
    return changed


def _kind(name: str) -> Any:  # noqa: ANN401  a struct of the contract, or a page of them
    """The struct of a schema of Litestar's: `Page_canopee_contract.people.Device_` is `Page[Device]`."""
    if found := _PAGE.fullmatch(name):
        return Page[_kind(found[1])]
    short = name.rpartition(".")[2]
    for module in pkgutil.iter_modules(canopee_contract.__path__):
        kind = getattr(import_module(f"canopee_contract.{module.name}"), short, None)
        if isinstance(kind, type):
            return kind
    raise LookupError(
        f"{name} is not a struct of the contract: an answer of the people's door is made of these only"
    )
