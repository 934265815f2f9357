"""`canopee jobs`, `canopee worker`, and what `canopee status` says of work."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest

from canopee.cli import main
from canopee_contract.jobs import JobView, Work
from canopee_contract.people import Page, Status

_AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
_STATUS = Status("0.1.0", 3, 2, 10, 1000, 1, lab_keys=False, server_time=_AT)


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (Work("ok", 2, 3.5, 1, 0, 0), "work ok: 2 workers, 1 jobs waiting url"),
        (Work("failing", 2, 3.5, 0, 1, 4), "1 tried again, 4 failed: see `canopee jobs`"),
        (Work("stopped", 0, 312.5, 4, 0, 0), "NO WORKER IS ALIVE, for 312 s"),
    ],
)
def test_the_status_says_how_the_work_goes(
    work: Work, said: str, answers: dict[str, object], run: Callable[..., str]
) -> None:
    answers["/v1/status"] = msgspec.structs.replace(_STATUS, work=work)
    assert said in " ".join(run("status").split())
    assert json.loads(run("status", "--json"))["work"]["state"] == work.state


def test_jobs_are_listed_with_their_reason(answers: dict[str, object], run: Callable[..., str]) -> None:
    job = JobView("7", "tend_storage", "tend_storage", "retrying", 3, _AT, _AT, "no room left", _AT)
    answers["/v1/jobs"] = Page([job])
    shown = " ".join(run("jobs", "--state", "retrying").split())
    assert "7 tend_storage tend_storage retrying 3" in shown
    assert "no room left" in shown
    assert json.loads(run("jobs", "--json"))[0]["error"] == "no room left"


def test_a_worker_without_a_database_to_join_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CANOPEE_DATABASE_URL", raising=False)
    assert main(["worker"]) == 2
    assert "CANOPEE_DATABASE_URL is not set" in capsys.readouterr().err
