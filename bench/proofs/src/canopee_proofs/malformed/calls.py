"""The calls of both doors, and malformed requests made of them."""

import base64
import json
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_from_bytes

import msgspec

import canopee_contract
from canopee_contract.enrolment import signed_bytes
from canopee_kit.clock import SystemClock
from canopee_proofs.malformed import broken
from canopee_proofs.malformed.messages import MARK, mutated, squeezed
from canopee_proofs.malformed.wire import request
from canopee_trust.ed25519 import PrivateKey

_CLOCK = SystemClock()
_AGENT = {
    "check-in": "CheckIn", "facts": "FactSet", "runs": "RunReports", "records": "RecordBatch", "enrol": "Enrol",
    "renew": "Renew",
}  # fmt: skip
_NAMES: Sequence[str] = (
    "metadata/timestamp.json", "metadata/1.root.json", "metadata/1.%00.json", "metadata/99999999999.root.json",
    "metadata/-1.root.json", "metadata/%c2%b2.root.json", "metadata/1.", "targets/%00/%00.%00", "targets/a/b.c",
    "targets/../../etc/passwd", "targets//", "metadata/", "", "targets/%ff.%ff", "targets/" + "a" * 7_000,
    "metadata/1." + MARK + ".json",
)  # fmt: skip
_TEXTS: Sequence[bytes] = (
    b"", b"\0", b"a\0b", b"\xff", b"\xed\xa0\x80", b"'", b"%", b"' OR 1=1 --", b"../..", b"-1", b"0", b"1", b"1001",
    b"9223372036854775807", b"9223372036854775808", b"9" * 400, b"1e3", b"1.5", b"NaN", b"true", b"null", b"\xc2\xb2",
    b"00000000-0000-0000-0000-000000000000", b"01890a5d-ac96-774b-bcce-b302099a8057", b"x" * 65, b"\xe2\x80\xae",
    MARK.encode(), b"inventory@1", b"inventory@-1", b"a b", b"+", b"\n", b"[]", b"{}", b"done", b"%%%", b"\\", b"_",
)  # fmt: skip
_TYPES = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/msgpack",
    "application/json; charset=utf-16",
    "",
    "*/*",
    "application/json, text/xml",
    "\u00e9",
    "x" * 3_000,
)
_METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "POST", "TRACE", "PROPFIND", "PURGE", "QUERY")


class Identity(msgspec.Struct, frozen=True):
    """A device that is enrolled."""

    id: str
    key: PrivateKey
    token: str


class Operation(msgspec.Struct, frozen=True):
    """One operation of the people's door."""

    method: str
    path: str
    parameters: tuple[str, ...]
    """Names of those in the query."""
    body: str
    """The golden of its body, empty when it takes none."""


class Calls:
    """Draws malformed requests."""

    def __init__(self, operations: Sequence[Operation], device: Identity, api_key: str) -> None:
        self._operations, self._device, self._api_key = operations, device, api_key
        self._sent: list[bytes] = []

    def draw(self, draw: random.Random) -> tuple[bytes, bool]:
        """One request, and whether it is broken HTTP: then nothing more can be sent on its connection."""
        share = draw.random()
        if share < 0.04:  # noqa: PLR2004  shares of the kinds
            return broken.not_http(draw), True
        if share < 0.12:  # noqa: PLR2004
            target, headers = self._target(draw)
            return broken.framed(target, headers, draw), True
        if share < 0.18:  # noqa: PLR2004
            return broken.noisy(self._whole(draw), draw), True
        raw = self._whole(draw)
        self._sent = [*self._sent[-63:], raw]
        return (draw.choice(self._sent) if share > 0.97 else raw), False  # noqa: PLR2004  a replay

    def _whole(self, draw: random.Random) -> bytes:
        return draw.choices((self._agent, self._file, self._people, self._bent), (50, 5, 40, 5))[0](draw)

    def _agent(self, draw: random.Random) -> bytes:
        call = draw.choice(sorted(_AGENT))
        path, message = f"/agent/v1/{call}", self._fresh(_AGENT[call], draw)
        body = mutated(message, draw)
        headers = {"Content-Type": "application/json", **self._credential(draw, people=False)}
        if draw.random() < 0.1:  # noqa: PLR2004  a share
            body, headers["Content-Encoding"] = squeezed(body, draw)
        if call in {"enrol", "renew"}:
            headers["Canopee-Signature"] = self._signature(path, body, draw)
        return request("POST" if draw.random() < 0.97 else draw.choice(_METHODS), path, body, headers)  # noqa: PLR2004

    def _file(self, draw: random.Random) -> bytes:
        return request("GET", f"/agent/v1/tuf/{draw.choice(_NAMES)}", None, self._credential(draw, people=False))

    def _people(self, draw: random.Random) -> bytes:
        operation = draw.choice(self._operations)
        path, query = _filled(operation.path, draw), ""
        if operation.parameters:
            chosen = draw.choices(operation.parameters, k=draw.randrange(3))
            query = "&".join(f"{name}={quote_from_bytes(draw.choice(_TEXTS))}" for name in chosen)
        headers, body = self._credential(draw, people=True), None
        if operation.body or draw.random() < 0.05:  # noqa: PLR2004  a share
            body = mutated(self._fresh(operation.body or "Match", draw), draw)
            is_json = draw.random() < 0.9  # noqa: PLR2004  a share
            headers["Content-Type"] = "application/json" if is_json else draw.choice(_TYPES)
        method = operation.method if draw.random() < 0.95 else draw.choice(_METHODS)  # noqa: PLR2004
        return request(method, f"{path}?{query}" if query else path, body, headers)

    def _bent(self, draw: random.Random) -> bytes:
        target, headers = self._target(draw)
        return request(draw.choice(_METHODS), broken.bent(target, draw), None, headers)

    def _target(self, draw: random.Random) -> tuple[str, dict[str, str]]:
        is_people = draw.random() < 0.5  # noqa: PLR2004  half
        calls = (
            [_filled(one.path, draw) for one in self._operations]
            if is_people
            else [f"/agent/v1/{c}" for c in _AGENT]
        )
        return draw.choice(calls), self._credential(draw, people=is_people)

    def _credential(self, draw: random.Random, *, people: bool) -> dict[str, str]:
        good, other = (self._api_key, self._device.token) if people else (self._device.token, self._api_key)
        if draw.random() < 0.8:  # noqa: PLR2004  mostly good: what is behind the lock must hold too
            return {"Authorization": f"Bearer {good}"}
        head, _, tail = good.rpartition("." if "." in good else "_")
        wrong = (
            other, good[:-1], good.upper(), f"{head}.{tail[::-1]}", f"{good} x", "", "cpk__", "cps_" + MARK, "...",
            "a.b.c.d", f"{head}.\u00e9", good.replace("1", "2"), "A" * 3_000,
        )  # fmt: skip
        return draw.choice(
            ({}, {"Authorization": f"Basic {good}"}, *({"Authorization": f"Bearer {one}"} for one in wrong))
        )

    def _signature(self, path: str, body: bytes, draw: random.Random) -> str:
        good = base64.b64encode(self._device.key.sign(signed_bytes(path, body))).decode()
        if draw.random() < 0.7:  # noqa: PLR2004  a share
            return good
        return draw.choice(("", good[:-2], good[::-1], "A" * 88, "*", good * 2, base64.b64encode(b"x").decode()))

    def _fresh(self, name: str, draw: random.Random) -> Any:  # noqa: ANN401  any JSON value
        """A golden that the server would accept further than the golden itself: its ids and clocks are of now."""
        message = json.loads(golden(name))
        now = _CLOCK.now() + timedelta(days=draw.choice((0, 0, 0, 3_650, -3_650)))
        changes: Mapping[str, Any] = {
            "device_id": self._device.id, "sent_at": now.astimezone(UTC).isoformat(), "wait_s": 0,
            "public_key": self._device.key.public.base64, "counter": draw.choice((0, -1, 2**62)), "login": "nobody",
            "password": draw.choice(("short", "x" * 300)),
        }  # fmt: skip
        if name == "RecordBatch":
            message["records"][0] |= {"dataset": "gap", "seq": draw.choice((0, -1, 1, 2, 2**31, 2**63 - 1))}
            message["records"][0]["body"] = {
                "stream": "x",
                "dropped": 1,
                "first_seq": 1,
                "last_seq": 1,
                "reason": "x",
            }
        if name == "FactSet":
            message["facts"]["device.id"] = self._device.id
        return message | {key: value for key, value in changes.items() if key in message}


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """The operations of an OpenAPI document that change nothing that a proof needs."""
    found: list[Operation] = []
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            content = one.get("requestBody", {}).get("content", {}).get("application/json", {})
            reference = str(content.get("schema", {}).get("$ref", ""))
            parameters = tuple(str(p["name"]) for p in one.get("parameters", ()) if p["in"] == "query")
            found.append(
                Operation(method.upper(), path, parameters, reference.rpartition("/")[2].rpartition("_")[2])
            )
    return found


def golden(name: str) -> bytes:
    """A golden message of the contract."""
    return (Path(str(files(canopee_contract))).parents[1] / "goldens" / "v1" / f"{name}.json").read_bytes()


def _filled(path: str, draw: random.Random) -> str:
    """The path with something in the place of its parameters."""
    parts = [
        quote_from_bytes(draw.choice(_TEXTS), safe="") if part.startswith("{") else quote(part)
        for part in path.split("/")
    ]
    return "/".join(parts)
