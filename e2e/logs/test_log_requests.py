"""From a request of support to the archive in its hands, and to its purge: real agent, fifty simulated PCs, OpenSSH."""

import zipfile
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from canopee_contract.codec import decode
from canopee_contract.log_requests import LogRequestView
from canopee_contract.practices import Practice, PracticeConsent, PracticesImport
from e2e.logs.archive import MARKER, check_against_this_pc, opened, piece_of, sha256_of
from e2e.logs.desk import ALL, Desk
from tools.patience import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.real, pytest.mark.xdist_group("logs")]
WHY = ("--reason", "le module plante", "--ticket", "SUP-4711", "--pipeline", "product_logs")
PRACTICE = "FR-69-00001"
"""Whose users are asked; one of its PCs is number 9, which says no."""
ENDED = {"ready": 31, "nothing_found": 5, "over_budget": 5, "expired": 5, "refused": 5}
"""Of fifty simulated PCs, by their number, and of this one, ready; one user refuses, and four local policies."""


def test_fifty_one_pcs_are_asked_by_the_command_line_and_each_is_accounted_for_to_the_end(
    desk: Desk, tmp_path: Path
) -> None:
    with desk.installed.client() as client:
        client.import_practices(PracticesImport([Practice(PRACTICE, "Cabinet du Parc")]))
        client.set_practice_consent(PracticeConsent([PRACTICE], "ask"))
        listed = "\n".join(one.id for one in client.devices())
    (tmp_path / "pcs.txt").write_text(listed)
    before = {one.id for one in _requests(desk)}
    with ThreadPoolExecutor(1) as one:
        asked = one.submit(
            desk.installed.run, "logs", "request", "--devices-file", str(tmp_path / "pcs.txt"), *WHY, "--forward",
            "--expires", "60s", "--wait", "150s", "--out", str(tmp_path / "all.zip"), "--json", expect=3,
        )  # fmt: skip
        wait_until("it is asked", lambda: [r for r in _requests(desk) if r.id not in before] or asked.done())
        (request,) = [r for r in _requests(desk) if r.id not in before]
        looks = list[Mapping[str, int]]()
        wait_until("it is over", lambda: looks.append(desk.view(request.id).states) or asked.done(), 170)
        said = asked.result()
    assert {state for look in looks for state in look} >= {"waiting", "sending", *ENDED}
    assert all(look["waiting"] >= 5 for look in looks if not look.get("expired"))  # those that are off
    view = decode(said.encode(), LogRequestView)
    assert (view.total, view.states, view.state) == (ALL, ENDED, "complete")
    assert "refused" in desk.installed.errors
    with zipfile.ZipFile(tmp_path / "all.zip") as every:
        about = decode(every.read("request.json"), dict[str, Any])
        archives = {one["device_id"]: every.read(one["entry"]) for one in about["archives"]}
        assert {one["device_id"]: one["sha256"] for one in about["archives"]} == {
            device: sha256_of(content) for device, content in archives.items()
        }
    assert len(archives) == ENDED["ready"]
    check_against_this_pc(archives[desk.pc], desk.logs)
    for content in archives.values():
        opened(content)
    desk.wait_for_forwards(view.id, ENDED["ready"])
    on_sftp = Counter(sha256_of(content) for content in desk.vault.files.values())
    assert not Counter(sha256_of(content) for content in archives.values()) - on_sftp
    assert not [name for name in desk.vault.files if name.endswith(".part")]


def test_one_pc_is_asked_over_http_and_its_archive_is_taken_up_again_after_a_cut(desk: Desk) -> None:
    with desk.http() as http:
        found = http.post("/v1/log-requests/resolve", json={"lines": [desk.pc, "NULLE-PART-99"]}).json()
        assert (len(found["found"]), found["not_found"]) == (1, ["NULLE-PART-99"])
        new = {
            "devices": [found["found"][0]["id"]], "pipeline": "product_logs", "reason": "un essai", "ticket": "SUP-12",
            "parameters": {"days": 3}, "forward": True,
        }  # fmt: skip
        asked = http.post("/v1/log-requests", json=new)
        assert asked.status_code == 201, asked.text
        path = f"/v1/log-requests/{asked.json()['id']}"
        wait_until("it is ready", lambda: http.get(path).json()["states"] == {"ready": 1}, 45)
        (device,) = http.get(f"{path}/devices").json()["items"]
        (archive,) = device["archives"]
        url = f"{path}/archives/{desk.pc}"
        whole = http.get(url)
        etag, half = whole.headers["etag"], len(whole.content) // 2
        assert etag == f'"{sha256_of(whole.content)}"' == f'"{archive["sha256"]}"'
        first = http.get(url, headers={"range": f"bytes=0-{half - 1}"})
        rest = http.get(url, headers={"range": f"bytes={half}-", "if-range": etag})
        assert (first.status_code, rest.status_code) == (206, 206)
        assert first.content + rest.content == whole.content
        check_against_this_pc(whole.content, desk.logs)
        files = http.get(f"{url}/files").json()["files"]
        file = next(one for one in files if one["path"].endswith("cabinet.log"))
        shown = http.get(f"{url}/text", params={"file": file["number"], "line": 3, "count": 1}).json()["lines"]
        assert [(one["number"], MARKER in one["text"]) for one in shown] == [(3, True)]
        held = http.post(f"{url}/search", json={"q": f"{MARKER} 299 "}).json()["matches"]
        assert [(one["path"], one["line"]) for one in held] == [(file["path"], 300)]
        desk.wait_for_forwards(asked.json()["id"], 1)
    assert archive["sha256"] in {sha256_of(content) for content in desk.vault.files.values()}


def test_after_a_purge_neither_the_server_nor_the_pc_has_it_and_the_receipt_says_so(
    desk: Desk, tmp_path: Path
) -> None:
    out = tmp_path / "one.zip"
    desk.installed.run(
        "logs", "request", "--device", desk.pc, *WHY, "--forward", "--wait", "60s", "--out", str(out)
    )  # fmt: skip
    request, content = _requests(desk)[0], out.read_bytes()
    desk.wait_for_forwards(request.id, 1)
    piece = piece_of(content)
    assert [one.rpartition("/")[2] for one in desk.holding(piece)] == [
        sha256_of(content)
    ]  # it can be found at all
    desk.installed.run("logs", "purge", request.id)
    assert "sent to the SFTP server: 1; they stay there" in desk.installed.errors
    assert desk.holding(piece, MARKER.encode()) == []
    with desk.http() as http:
        url = f"/v1/log-requests/{request.id}/archives/{desk.pc}"
        answers = [http.get(f"{url}{what}") for what in ("", "/files", "/text?file=1")]
        for gone in (*answers, http.post(f"{url}/search", json={"q": "a"})):
            assert (gone.status_code, gone.json()["code"]) == (404, "logs.purged")
        assert http.get(f"/v1/log-requests/{request.id}/archives.zip").json()["code"] == "logs.none"
    wait_until("the PC says so", lambda: desk.receipts(request.id)[0].on_pc == "sent", 30)
    (receipt,) = desk.installed.json("logs", "show", request.id, "--receipts")
    assert (receipt["sha256"], receipt["size_bytes"]) == (sha256_of(content), len(content))
    assert receipt["bytes_removed"]
    assert content in desk.vault.files.values()  # what was sent on is the vault's, as the documentation says


def test_what_is_purged_while_a_pc_sends_it_is_forgotten_on_both_sides(desk: Desk) -> None:
    large = desk.write_large()
    try:
        desk.installed.run("logs", "request", "--device", desk.pc, *WHY)
        request = _requests(desk)[0]
        wait_until("it sends", lambda: desk.view(request.id).received_bytes > 0, 45)
        assert desk.view(request.id).states == {"sending": 1}
        outbox = desk.installed.home.agent / "state" / "outbox"
        assert list(outbox.glob("*.bin"))
        desk.installed.json("logs", "purge", request.id)
        assert desk.view(request.id).states == {"purged": 1}
        wait_until("the PC forgets it", lambda: not list(outbox.glob("*.bin")), 30)
        assert not [one for one in desk.files.glob("uploads/*") if one.is_file()]
        wait_until("the PC says so", lambda: [one.on_pc for one in desk.receipts(request.id)] == ["purged"], 30)
        assert desk.holding(MARKER.encode()) == []
    finally:
        large.unlink()


def _requests(desk: Desk) -> list[LogRequestView]:
    with desk.installed.client() as client:
        return list(client.log_requests())
