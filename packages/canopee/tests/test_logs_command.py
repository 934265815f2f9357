"""`canopee logs`: whom it asks, what it saves, and its exit codes."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from canopee.cli import main
from canopee.errors import FailedError
from canopee.logs.opening import save
from canopee_client.client import Client
from canopee_contract.codec import decode
from canopee_contract.log_requests import (
    AmbiguousLine,
    LogDevice,
    LogMatches,
    LogRequestView,
    Resolved,
    ResolvedDevice,
)
from canopee_contract.people import Page

GOLDENS = Path(__file__).parents[2] / "contract" / "goldens" / "v1"
ASK = ["logs", "request", "--pipeline", "product_logs", "--reason", "it crashes", "--ticket", "SUP-1"]


def golden(kind: type[Any]) -> Any:  # noqa: ANN401  of that type
    return decode((GOLDENS / f"{kind.__name__}.json").read_bytes().strip(), kind)


PC = golden(ResolvedDevice)
DEVICE = golden(LogDevice)


def a_view(**states: int) -> LogRequestView:
    is_over = not states.keys() & {"waiting", "running", "sending"}
    return msgspec.structs.replace(
        golden(LogRequestView),
        states=states,
        total=sum(states.values()),
        state="complete" if is_over else "running",
    )


@pytest.fixture
def asked(answers: dict[str, object]) -> dict[str, object]:
    """An API that finds the PC, and takes the request."""
    answers["/v1/log-requests/resolve"] = Resolved([PC], [], [], [])
    answers["/v1/log-requests"] = a_view(waiting=1)
    return answers


def test_pcs_are_named_in_any_way_and_the_request_says_it_all(
    asked: dict[str, object], sent: list[tuple[str, Any]], tmp_path: Path
) -> None:
    assert asked
    (tmp_path / "pcs.txt").write_bytes("\ufeffSERVEUR\r\n\r\nACCUEIL-02;FR-69-1\r\n".encode())
    options = ["--device", "accueil-01", "--practice", "FR-69-2", "--devices-file", str(tmp_path / "pcs.txt")]
    more = ["--param", "days=3", "--budget", "25M", "--keep", "14d", "--notify", "a@b.fr", "--forward"]
    assert main([*ASK, *options, *more, "--home", str(tmp_path)]) == 0
    (_, resolve), (_, new) = sent
    assert [one for one in resolve["lines"] if one] == ["accueil-01", "FR-69-2", "SERVEUR", "ACCUEIL-02;FR-69-1"]
    assert new["devices"] == [PC.id]
    assert (new["parameters"], new["budget_bytes"], new["keep_days"]) == ({"days": 3}, 25_000_000, 14)
    assert (new["notify"], new["forward"], new["ticket"]) == (["a@b.fr"], True, "SUP-1")


def test_a_line_that_stands_for_nothing_or_for_several_stops_it_unless_told_otherwise(
    asked: dict[str, object], sent: list[tuple[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked["/v1/log-requests/resolve"] = Resolved([PC], ["PC-9"], [AmbiguousLine("accueil", [PC, PC])], [])
    command = [*ASK, "--device", "x", "--home", str(tmp_path)]
    assert main(command) == 2
    said = capsys.readouterr().err
    assert "no PC: PC-9" in said
    assert "accueil is one of 2: ACCUEIL-01 of FR-69-00012" in said
    assert [path for path, _ in sent] == ["/v1/log-requests/resolve"]
    assert main([*command, "--only-found"]) == 0
    assert "PC-9" in capsys.readouterr().err
    assert main([*ASK, "--home", str(tmp_path)]) == 2
    assert "which PCs?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("states", "code", "said"),
    [
        ({"ready": 1}, 0, ""), ({"nothing_found": 1}, 0, ""), ({"ready": 1, "refused": 1}, 3, "refused"),
        ({"ready": 1, "failed": 1, "expired": 1}, 1, "2 of 3 PCs sent nothing"), ({"over_budget": 2}, 1, "2 of 2"),
        ({"ready": 1, "cancelled": 2}, 1, "2 of 3 PCs sent nothing"),
    ],
)  # fmt: skip
def test_how_it_went_is_the_exit_code(
    asked: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str], states: dict[str, int], code: int,
    said: str,
) -> None:  # fmt: skip
    asked["/v1/log-requests"] = a_view(**states)
    assert main([*ASK, "--device", "x", "--wait", "1s", "--home", str(tmp_path)]) == code
    assert said in capsys.readouterr().err


def test_who_has_not_answered_in_time_is_counted(
    asked: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    view = a_view(waiting=1, ready=1)
    asked["/v1/log-requests"] = asked[f"/v1/log-requests/{view.id}"] = view
    assert main([*ASK, "--device", "x", "--wait", "1", "--home", str(tmp_path)]) == 1
    assert "1 of 2 PCs have not answered within 1 s" in capsys.readouterr().err


def test_a_search_says_where_and_whether_there_may_be_more(
    answers: dict[str, object],
    sent: list[tuple[str, Any]],
    run: Callable[..., str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    matches = golden(LogMatches)
    answers["/v1/log-requests/r/devices"] = Page([DEVICE])
    answers[f"/v1/log-requests/r/archives/{DEVICE.id}/search"] = msgspec.structs.replace(
        matches, is_cut=False, ended_by="end"
    )
    assert "ERROR login" in run("logs", "search", "r", "DUPONT", "--path", "app.log", "--case")
    (body,) = [body for path, body in sent if path.endswith("/search")]
    assert (body["q"], body["path"], body["case"], body["regex"]) == ("DUPONT", "app.log", True, False)
    assert not [path for path, _ in sent if "DUPONT" in path], "what is looked for is in no address"
    answers[f"/v1/log-requests/r/archives/{DEVICE.id}/search"] = matches
    assert main(["logs", "search", "r", "error", "--home", str(tmp_path)]) == 1
    assert "ACCUEIL-01 (matches)" in capsys.readouterr().err


def test_a_request_is_cancelled_and_what_stays_is_said(
    answers: dict[str, object], sent: list[tuple[str, Any]], run: Callable[..., str]
) -> None:
    answers["/v1/log-requests/r/cancel"] = a_view(ready=2, cancelled=3)
    said = [line.split() for line in run("logs", "cancel", "r").splitlines()]
    assert {("states", "ready", "2"), ("states", "cancelled", "3")} <= {tuple(line) for line in said}
    assert [path for path, _ in sent] == ["/v1/log-requests/r/cancel"]


def a_client(content: bytes, ready: list[LogDevice]) -> Client:
    """An API that serves these bytes."""

    def answer(request: httpx.Request) -> httpx.Response:
        is_list = request.url.path.endswith("/devices")
        return httpx.Response(200, content=msgspec.json.encode(Page(ready)) if is_list else content)

    return Client("http://127.0.0.1", "key", transport=httpx.MockTransport(answer))


def test_an_archive_is_there_under_its_name_once_it_is_right(tmp_path: Path) -> None:
    content, out = b"archive" * 1_000, tmp_path / "logs.zip"
    sha256 = hashlib.sha256(content).hexdigest()
    archive = msgspec.structs.replace(DEVICE.archives[0], sha256=sha256)
    device = msgspec.structs.replace(DEVICE, archives=[archive])
    saved = save(a_client(content, [device]), a_view(ready=1), out)
    assert (saved.sha256, saved.size_bytes, out.read_bytes()) == (sha256, len(content), content)
    out.unlink()
    with pytest.raises(FailedError, match="not what was stored"):
        save(a_client(b"other", [device]), a_view(ready=1), out)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FailedError, match="no archive"):
        save(a_client(content, []), a_view(ready=1), out, device=DEVICE.id)
