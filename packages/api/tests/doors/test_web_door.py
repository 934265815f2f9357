"""The web interface as it is served: content policy, what is kept, and which address is a page."""

import gzip
import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from canopee_api.doors.web import WebDoor, policy


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text('<cnp-root ngCspNonce="CANOPEE_NONCE"></cnp-root>', "utf-8")
    (tmp_path / "main-AB12.js").write_text("let a = 1;\n" * 500, "utf-8")
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "text-CD34.woff2").write_bytes(b"wOF2" + bytes(2_000))
    return tmp_path


async def _get(
    door: WebDoor, path: str, method: str = "GET", encoding: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    sent: list[dict[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(dict(message))

    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError("nothing is read")

    headers = [(b"accept-encoding", encoding)] if encoding else []
    await door({"method": method, "path": path, "headers": headers}, receive, send)
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, sent[1]["body"]


async def test_a_page_carries_a_nonce_that_its_policy_names_and_that_changes(built: Path) -> None:
    door = WebDoor(built)
    seen: set[str] = set()
    for path in ("/", "/postes/0190", "/index.html"):
        status, headers, body = await _get(door, path)
        nonce = re.findall(rb'ngCspNonce="([\w-]{16,})"', body)[0].decode()
        assert status == 200
        assert headers["content-security-policy"] == policy(nonce).decode()
        assert headers["cache-control"] == "no-store"
        seen.add(nonce)
    assert len(seen) == 3


def test_the_policy_lets_no_script_of_elsewhere_run_nor_any_text_become_one() -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in policy("N").decode().split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["require-trusted-types-for"] == "'script'"
    assert rules["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy("N").decode()


async def test_a_file_with_a_hash_in_its_name_is_kept_for_ever_and_sent_small(built: Path) -> None:
    (built / "main-AB12.js.br").write_bytes(b"what brotli made of it")
    door = WebDoor(built)
    status, headers, body = await _get(door, "/main-AB12.js", encoding=b"gzip, deflate, br, zstd")
    assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert "immutable" in headers["cache-control"]
    assert (headers["content-encoding"], headers["vary"]) == ("br", "accept-encoding")
    assert body == b"what brotli made of it"
    for accepted in (b"gzip", b"br;q=0, gzip", b"*, br;q=0.000"):
        status, headers, body = await _get(door, "/main-AB12.js", encoding=accepted)
        assert headers["content-encoding"] == "gzip"
        assert gzip.decompress(body) == (built / "main-AB12.js").read_bytes()
    for accepted in (b"", b"identity", b"deflate, zstd", b"*;q=0"):
        status, headers, body = await _get(door, "/main-AB12.js", encoding=accepted)
        assert "content-encoding" not in headers
        assert body == (built / "main-AB12.js").read_bytes()
    assert (await _get(door, "/media/text-CD34.woff2", encoding=b"gzip"))[1]["content-type"] == "font/woff2"


async def test_what_stands_beside_a_file_for_those_who_take_brotli_has_no_address_of_its_own(built: Path) -> None:
    (built / "main-AB12.js.br").write_bytes(b"what brotli made of it")
    assert (await _get(WebDoor(built), "/main-AB12.js.br", encoding=b"br"))[0] == 404


async def test_a_long_page_is_sent_small_with_its_own_nonce_inside(built: Path) -> None:
    (built / "index.html").write_text('<cnp-root ngCspNonce="CANOPEE_NONCE"></cnp-root>' + " " * 2_000, "utf-8")
    _, headers, body = await _get(WebDoor(built), "/parc", encoding=b"gzip")
    assert headers["content-encoding"] == "gzip"
    nonce = re.findall(rb'ngCspNonce="([\w-]{16,})"', gzip.decompress(body))[0].decode()
    assert headers["content-security-policy"] == policy(nonce).decode()
    assert int(headers["content-length"]) == len(body) < 500


async def test_a_file_that_is_not_there_is_no_page_and_no_path_leaves_the_folder(built: Path) -> None:
    door = WebDoor(built / "media")
    assert (await _get(WebDoor(built), "/main-OLD.js"))[0] == 404
    for path in ("/../index.html", "/%2e%2e/main-AB12.js", "/..%2fmain-AB12.js", "//main-AB12.js"):
        assert (await _get(door, path))[0] in {404, 503}


async def test_only_reading_is_allowed_and_head_has_no_body(built: Path) -> None:
    door = WebDoor(built)
    status, headers, _ = await _get(door, "/", "POST")
    assert (status, headers["allow"]) == (405, "GET, HEAD")
    status, headers, body = await _get(door, "/", "HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 20


async def test_without_a_built_interface_the_page_says_how_to_build_it(tmp_path: Path) -> None:
    status, _, body = await _get(WebDoor(tmp_path / "nothing"), "/")
    assert status == 503
    assert b"make ui" in body
