"""The OpenAPI document of the agents' door, from the structs that travel."""

import inspect
from functools import lru_cache
from typing import Any

import msgspec

from canopee_api.doors.openapi import Document, reference, refusals, schemas
from canopee_contract.checkin import MAX_WAIT_S, CheckIn, CheckInReply
from canopee_contract.codec import MAX_DEPTH, MAX_MESSAGE_BYTES
from canopee_contract.enrolment import SIGNATURE_HEADER, Enrol, Enrolled, Renew, Renewed
from canopee_contract.facts import MAX_FACTS, MAX_TEXT, FactSet, FactsReply
from canopee_contract.files import MAX_CHUNK_BYTES, BeginUpload, UploadReply
from canopee_contract.log_codes import ClaimCode, CodeClaimed
from canopee_contract.records import MAX_RECORDS, RecordBatch, RecordsReply
from canopee_contract.report import MAX_REPORTS, RunReports, RunsReply

_ABOUT = f"""What agents say to the API, and what it answers.

A body is one JSON message (UTF-8, at most {MAX_MESSAGE_BYTES} bytes, {MAX_DEPTH} levels deep), as it is or compressed
with zstd (`Content-Encoding: zstd`, one frame, a window of 8 MiB at most). Refused wherever they stand: a key that
comes twice, NaN, an infinity, an integer of more than 64 bits, a lone surrogate and the character NUL. Fields that
are not known are ignored: a newer agent may say more.

Every answer that is not a success is a problem document (RFC 9457). After 503 nothing was done: send the same again
after `Retry-After`. HTTP that cannot be read is answered by a plain 400, and headers beyond 32 KiB or 100 by a plain
431; headers that take more than 20 s, and bodies that take more than 120 s, by a plain 408.
"""
_CALLS: tuple[tuple[str, type[Any], type[Any], str], ...] = (
    (
        "check-in",
        CheckIn,
        CheckInReply,
        f"Held up to `wait_s`, at most {MAX_WAIT_S} s, while there is nothing new.",
    ),
    ("facts", FactSet, FactsReply, f"At most {MAX_FACTS} facts, of {MAX_TEXT} characters each."),
    ("runs", RunReports, RunsReply, f"1 to {MAX_REPORTS} reports; one verdict each, in their order."),
    ("records", RecordBatch, RecordsReply, f"1 to {MAX_RECORDS} records; answered once they are stored for good."),
    (
        "claim-log-code",
        ClaimCode,
        CodeClaimed,
        "Its user sends the logs of this PC; the order comes by a check-in.",
    ),
    ("files", BeginUpload, UploadReply, "A file of an order of this PC; begun again, it says where to go on."),
    (
        "enrol",
        Enrol,
        Enrolled,
        "Signed by the key that enrols. The same token and key give the same device again. 429: an approval is due.",
    ),
    ("renew", Renew, Renewed, "Signed by the device's key: a new bearer token, good for an hour."),
)
_SIGNED = ("enrol", "renew")
_ENCODING = {
    "name": "Content-Encoding", "in": "header", "required": False,
    "schema": {"type": "string", "enum": ["identity", "zstd"], "default": "identity"},
}  # fmt: skip
_SIGNATURE = {
    "name": "Canopee-Signature", "in": "header", "required": True,
    "schema": {"type": "string", "minLength": 88, "maxLength": 88},
    "description": "Base64 of the Ed25519 signature of `canopee-v1`, newline, path, newline, body as it is signed.",
}  # fmt: skip


def agent_document() -> Document:
    """The document (OpenAPI 3.1)."""
    kinds = [kind for _, sent, answered, _ in _CALLS for kind in (sent, answered)]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Canopée API, the agents' door", "version": "1", "description": _ABOUT},
        "paths": {
            **{f"/agent/v1/{call[0]}": {"post": _call(*call)} for call in _CALLS},
            "/agent/v1/files/{upload_id}": {"put": _chunk()},
            "/agent/v1/tuf/metadata/{name}": {"get": _file("metadata", "name", "`timestamp.json` or `N.<role>.json`")},
            "/agent/v1/tuf/targets/{path}": {
                "get": _file("target", "path", "`<folder>/<sha256>.<file>`; its slashes are sent as they are")
            },
        },
        "components": {
            "schemas": schemas(kinds),
            "securitySchemes": {
                "device": {
                    "type": "http", "scheme": "bearer", "description": "The token of `enrol` or `renew`, for an hour.",
                },
                "signature": {"type": "apiKey", "in": "header", "name": SIGNATURE_HEADER},
            },
        },
        "security": [{"device": []}],
    }  # fmt: skip


@lru_cache
def agent_document_json() -> bytes:
    """The same as JSON text."""
    return msgspec.json.encode(agent_document())


def _call(name: str, sent: type[Any], answered: type[Any], limits: str) -> Document:
    is_signed = name in _SIGNED
    others = {
        "enrol": [403, 404, 409, 429], "renew": [404, 409], "files": [403, 409], "claim-log-code": [404, 409, 429],
    }  # fmt: skip
    statuses = [400, 401, 405, 413, 431, 503, *others.get(name, [])]
    answer = {
        "description": _first_line(answered), "content": {"application/json": {"schema": reference(answered)}}
    }  # fmt: skip
    return {
        "operationId": name.replace("-", "_"),
        "summary": _first_line(sent),
        "description": limits,
        "parameters": [_ENCODING, *([_SIGNATURE] if is_signed else [])],
        "requestBody": {"required": True, "content": {"application/json": {"schema": reference(sent)}}},
        "responses": {"200": answer, **refusals(statuses)},
        **({"security": [{"signature": []}]} if is_signed else {}),
    }


def _chunk() -> Document:
    query = {"in": "query", "required": True}
    return {
        "operationId": "file_chunk",
        "summary": "The next bytes of a file, stored for good when it is answered",
        "description": f"1 to {MAX_CHUNK_BYTES} bytes from `offset` on. 409: go on at the offset that is said.",
        "parameters": [
            {"name": "upload_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}},
            {"name": "offset", **query, "schema": {"type": "integer", "minimum": 0}},
            {"name": "sha256", **query, "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"}},
            _ENCODING,
        ],
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        "responses": {
            "200": {
                "description": _first_line(UploadReply),
                "content": {"application/json": {"schema": reference(UploadReply)}},
            },
            **refusals([400, 401, 404, 405, 409, 413, 431, 503]),
        },
    }


_PARTIAL: Document = {
    "206": {
        "description": "The end of a large file, for `Range: bytes=N-`; go on with the same `ETag` in `If-Range`.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
    **refusals([416]),
}


def _file(name: str, parameter: str, described: str) -> Document:
    content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return {
        "operationId": f"tuf_{name}",
        "summary": f"A {name} file of the TUF repository, byte for byte",
        "parameters": [
            {
                "name": parameter, "in": "path", "required": True, "description": described,
                "schema": {"type": "string", "minLength": 1},
            }
        ],
        "responses": {
            "200": {"description": "The file.", "content": content},
            **(_PARTIAL if name == "target" else {}),
            **refusals([401, 404, 405, 431, 503]),
        },
    }  # fmt: skip


def _first_line(kind: type[Any]) -> str:
    return (inspect.getdoc(kind) or kind.__name__).partition("\n")[0]
