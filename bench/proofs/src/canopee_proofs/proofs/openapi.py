"""The proof `openapi`."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from canopee_kit.clock import SystemClock
from canopee_proofs.malformed.legitimate import enrolled
from canopee_proofs.malformed.server import Server, serving
from canopee_proofs.malformed.wire import Wire
from canopee_proofs.proof import Proof, Setting, Verdict

_CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "unsupported_method", "allow_header_conformance",
)  # fmt: skip
_CASES_AN_EXAMPLE = 10
"""Operations take part with more or fewer cases: those without parameters have one only."""
_LONG = 5_000
"""From so many cases on, every border of every schema is tried too."""


class Report(msgspec.Struct):
    """What is read of schemathesis' report."""

    test_cases: dict[str, int]
    failures: list[Any]
    errors: list[Any]


class Openapi(Proof):
    """Both doors answer as their OpenAPI documents say, whatever schemathesis makes of these documents.

    No 5xx, no status, header or content type that is not written down, and every body obeys its schema. The documents
    are those that the process serves; requests are authenticated.
    """

    usual_cases: ClassVar[int] = 5_000
    short_cases: ClassVar[int] = 50

    def run(self, setting: Setting) -> Verdict:
        with serving(setting.folder) as server:
            device = asyncio.run(enrolled(Wire(server.port), server.client, SystemClock()))
            reports = [
                _tried(setting, server, "agent", device.token),
                _tried(setting, server, "openapi", server.api_key),
            ]
            faults = server.faults()
        violations = [
            msgspec.json.encode(one).decode()[:2_000]
            for report in reports
            for one in (*report.failures, *report.errors)
        ]
        cases = sum(report.test_cases["generated"] for report in reports)
        return Verdict(cases, (*violations, *(f"logged: {line}" for line in faults)))


def _tried(setting: Setting, server: Server, name: str, token: str) -> Report:
    """One document, tried by schemathesis on its own command line; what it prints is kept beside its report.

    By one worker: several take their examples in no order that a seed repeats, and Python 3.11 cannot read source
    text in two threads at once (CPython issue 106905), which the generators of schemathesis do.
    """
    report = setting.folder / f"{name}.report.json"
    is_long = setting.cases >= _LONG
    ended = subprocess.run(  # noqa: S603  the program of our own environment
        [
            Path(sys.executable).with_name("st"), "--no-color", "run", f"{server.url}/v1/openapi/{name}.json",
            "--url", server.url, "--header", f"Authorization: Bearer {token}",
            "--checks", ",".join(_CHECKS), "--phases", "coverage,fuzzing" if is_long else "fuzzing",
            "--max-examples", str(max(1, setting.cases // _CASES_AN_EXAMPLE)), "--seed", str(setting.seed),
            "--suppress-health-check", "all", "--continue-on-failure", "--no-shrink", "--workers", "1",
            "--report", "json", "--report-json-path", report,
        ],
        cwd=setting.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    (setting.folder / f"{name}.printed.txt").write_text(ended.stdout)
    if not report.is_file():
        return Report({"generated": 0}, [], [f"schemathesis made no report of {name}: {ended.stdout[-1_500:]}"])
    found = msgspec.json.decode(report.read_bytes(), type=Report)
    setting.say(f"{name}: {found.test_cases}")
    return found
