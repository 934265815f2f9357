import httpx
import pytest

from canopee_client.client import Client
from canopee_client.errors import AnswerError, NoAnswerError
from canopee_client.events import EVERYTHING, changes
from canopee_contract.codec import encode
from canopee_contract.live import LiveEvent
from canopee_contract.problem import Problem

STREAM = """retry: 2000
: hello

event: open
id: 1
data: {"at":"2026-11-26T08:00:00Z"}

: still here

event: of another version
data: anything

event: change
data: {"topic":"runs",
data: "ids":["a"]}

event: ended
data: {"reason":"session"}

event: change
data: {"topic":"late"}

"""


def test_comments_and_what_is_not_known_are_passed_over_and_the_end_of_the_session_ends_it() -> None:
    assert list(changes(STREAM.splitlines())) == [EVERYTHING, LiveEvent("runs", ["a"])]


def test_a_stream_that_stops_is_not_the_end_of_the_session() -> None:
    heard = changes(STREAM.partition("event: ended")[0].splitlines())
    assert next(heard) == EVERYTHING
    with pytest.raises(NoAnswerError, match="stopped"):
        list(heard)


def test_an_event_cut_in_its_middle_is_not_believed() -> None:
    with pytest.raises(NoAnswerError):
        list(changes(["event: change", 'data: {"topic":"ru']))
    with pytest.raises(NoAnswerError, match="something else"):
        list(changes(["event: change", 'data: {"topic":"ru', ""]))


@pytest.mark.parametrize(("status", "kind"), [(403, AnswerError), (503, NoAnswerError), (429, NoAnswerError)])
def test_a_refused_stream_says_why(status: int, kind: type[Exception]) -> None:
    reply = httpx.Response(status, content=encode(Problem("x.y", "Refused", status, "because")))
    with (
        Client("http://api", "cpk_a_b", transport=httpx.MockTransport(lambda _: reply)) as client,
        pytest.raises(kind, match="because"),
    ):
        list(client.watch())
