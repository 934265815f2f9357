import json

import pytest

from canopee_api.doors.problems import encode_problem, problem_of
from canopee_api.errors import (
    ApiError,
    BusyError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    TooLargeError,
    UnauthenticatedError,
)
from canopee_contract.errors import MalformedError
from canopee_trust.errors import PublicationError


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (InvalidError, 400),
        (UnauthenticatedError, 401),
        (ForbiddenError, 403),
        (NotFoundError, 404),
        (ConflictError, 409),
        (TooLargeError, 413),
    ],
)
def test_a_refusal_keeps_its_code_its_sentence_and_its_place(kind: type[ApiError], status: int) -> None:
    problem = problem_of(kind("thing.wrong", "do it otherwise", at="$.thing"))
    assert (problem.status, problem.code, problem.detail, problem.at) == (
        status, "thing.wrong", "do it otherwise", "$.thing",
    )  # fmt: skip


@pytest.mark.parametrize(("wait_s", "expected"), [(None, 5), (0.2, 1), (1.0, 1), (59.01, 60)])
def test_whoever_must_come_back_is_told_when_in_whole_seconds(wait_s: float | None, expected: int) -> None:
    problem = problem_of(BusyError("too much at once", retry_after_s=wait_s))
    status, headers, _ = encode_problem(problem)
    assert (status, dict(headers)[b"retry-after"]) == (503, str(expected).encode())


@pytest.mark.parametrize(("reason", "status"), [("too_large", 413), ("bad_json", 400)])
def test_a_malformed_message_says_in_which_way(reason: str, status: int) -> None:
    problem = problem_of(MalformedError("the third byte", code=reason))
    assert (problem.status, problem.code, problem.detail) == (status, f"message.{reason}", "the third byte")


def test_what_is_not_trusted_is_told_from_what_is_malformed() -> None:
    problem = problem_of(PublicationError("version", "raise its version"))
    assert (problem.status, problem.code.partition(".")[0]) == (422, "trust")


@pytest.mark.parametrize("error", [ValueError("password=hunter2"), KeyError("the inside"), ZeroDivisionError()])
def test_a_fault_of_ours_tells_a_stranger_nothing_of_the_inside(error: Exception) -> None:
    status, headers, body = encode_problem(problem_of(error))
    assert (status, json.loads(body)["code"]) == (500, "internal")
    assert str(error.args[0] if error.args else "ZeroDivision") not in body.decode()
    assert dict(headers)[b"content-type"] == b"application/problem+json"


def test_only_a_401_asks_for_credentials_and_no_problem_is_kept_by_a_cache() -> None:
    for error in (UnauthenticatedError("x", "y"), ForbiddenError("x", "y")):
        _, headers, _ = encode_problem(problem_of(error))
        assert (b"www-authenticate" in dict(headers)) == isinstance(error, UnauthenticatedError)
        assert dict(headers)[b"cache-control"] == b"no-store"
