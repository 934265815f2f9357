"""Documents that wait on the API, from the command line: what is signed is what was shown, on this machine only."""

import json
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from canopee.approval import approve
from canopee.cli import main
from canopee_contract.campaign import Campaign
from canopee_contract.codec import encode
from canopee_contract.people import PublishedPipeline
from canopee_contract.pipeline import PipelineRef
from canopee_kit.clock import SystemClock
from canopee_trust.documents import seal_campaign
from canopee_trust.dsse import payload_of, read_envelope

PIPELINE = PublishedPipeline(
    id="repair@1", title="Repair", kind="action", approval="required", state="published",
    ref=PipelineRef("pipelines/action/repair.1.json", "repair", 1, "0" * 64, 10), published_at=SystemClock().now(),
)  # fmt: skip


def _document() -> Campaign:
    return approve(PIPELINE, {"all": []}, SystemClock(), parameters={}, expires_in_s=86_400)


class _Office:
    """An API that holds one draft, and remembers what it was sent."""

    def __init__(self) -> None:
        self.campaign = _document()
        self.envelope = seal_campaign(self.campaign, [])
        self.received: list[tuple[str, Any]] = []

    @property
    def draft(self) -> dict[str, Any]:
        return {
            "id": self.campaign.campaign_id, "state": "awaiting", "name": "Repair", "pipeline": "repair@1",
            "kind": "action", "reason": "because", "requested_by": "anna", "submitted_by": "anna", "needed": 2,
            "created_at": "2026-11-24T08:00:00Z", "not_after": "2026-12-24T08:00:00Z", "signatures": [],
            "sha256": "0" * 64, "document": "{}", "envelope": msgspec.json.decode(self.envelope),
        }  # fmt: skip


@pytest.fixture
def office() -> _Office:
    return _Office()


@pytest.fixture
def home(tmp_path: Path, office: _Office) -> Generator[str]:
    """A home whose credential leads to the office."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({"items": [office.draft]} if "?" in self.path else office.draft)

        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers.get("content-length", "0"))) or b"null")
            office.received.append((self.path, sent))
            if self.path.endswith("/retry"):
                self._answer({"devices": 2, "draft": office.draft})
            else:
                self._answer(office.draft)

        def _answer(self, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name in the standard library
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        (tmp_path / "admin.json").write_text(json.dumps({"url": url, "api_key": "cpk_x_y"}))
        yield str(tmp_path)
        server.shutdown()
        thread.join()


def test_a_draft_is_shown_from_the_bytes_that_are_signed_and_only_its_signature_travels(
    home: str, office: _Office, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = f"{home}/keys"
    assert main(["keys", "dev-init", "--out", keys]) == 0
    capsys.readouterr()
    assert main(["campaign", "approve", office.campaign.campaign_id, "--home", home, "--keys", keys]) == 0
    assert "max targets" in capsys.readouterr().out
    (path, sent), *others = office.received
    assert (path, others) == (f"/v1/campaign-drafts/{office.campaign.campaign_id}/signatures", [])
    signed = read_envelope(encode(sent["envelope"]))
    assert len(signed.signatures) == 1
    assert payload_of(signed) == payload_of(read_envelope(office.envelope))


def test_the_document_of_another_campaign_is_not_signed_under_this_id(
    home: str, office: _Office, capsys: pytest.CaptureFixture[str]
) -> None:
    keys, wanted = f"{home}/keys", office.campaign.campaign_id
    assert main(["keys", "dev-init", "--out", keys]) == 0
    office.envelope = seal_campaign(_document(), [])
    assert main(["campaign", "approve", wanted, "--home", home, "--keys", keys]) == 2
    assert "nothing was signed" in capsys.readouterr().err
    assert office.received == []


def test_a_document_is_submitted_as_its_exact_bytes_and_a_retry_writes_the_envelope_to_be_signed(
    home: str, office: _Office, tmp_path: Path
) -> None:
    document, out = tmp_path / "repair.json", tmp_path / "again.json"
    document.write_bytes(msgspec.json.encode(office.campaign))
    assert main(["campaign", "submit", str(document), "--home", home, "--json"]) == 0
    assert payload_of(read_envelope(encode(office.received[0][1]["envelope"]))) == encode(office.campaign)
    again = ["campaign", "retry", office.campaign.campaign_id, "--home", home, "--out", str(out)]
    assert main(again) == 0
    assert payload_of(read_envelope(out.read_bytes())) == payload_of(read_envelope(office.envelope))
    assert main(again) == 2


def test_those_that_wait_are_a_list(home: str, office: _Office, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["campaign", "pending", "--home", home, "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in listed] == [office.campaign.campaign_id]
