"""The unit tests of the web interface, which Vitest runs, count among all the others."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_units_of_the_web_interface_do_what_they_say() -> None:
    ended = subprocess.run(
        [ROOT / "tools/ihm/test"],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert ended.returncode == 0, ended.stdout[-6_000:] + ended.stderr[-2_000:]
