"""Run a Windows program under Wine, its output passed on: `run.py [-t SECONDS] EXE ARGS…`; its exit code, or 124.

Wine alone would not do: the Windows Python dies at its start when a standard handle is a file or closed, so they are
pipes here; and Wine's own services inherit them, so reading stops once the program has ended and nothing is left.
"""

import os
import select
import signal
import subprocess
import sys
import time

_TIMED_OUT = 124
_CHUNK = 65_536


def run(argv: list[str], timeout_s: float | None) -> int:
    """Run `argv` under the loader that `WINE64` names; SIGTERM and SIGINT end it."""
    read_out, write_out = os.pipe()
    read_err, write_err = os.pipe()
    process = subprocess.Popen(  # noqa: S603  what the caller asks for
        [os.environ["WINE64"], *argv], stdin=subprocess.DEVNULL, stdout=write_out, stderr=write_err,
        start_new_session=True,
    )  # fmt: skip
    os.close(write_out)
    os.close(write_err)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: process.kill())
    sinks = {read_out: sys.stdout.buffer, read_err: sys.stderr.buffer}
    until = time.monotonic() + timeout_s if timeout_s else None
    quiet_rounds = 0
    while sinks and quiet_rounds < 2:  # noqa: PLR2004  twice nothing, after the end
        has_ended = process.poll() is not None
        ready, _, _ = select.select(list(sinks), [], [], 0.02 if has_ended else 0.1)
        for descriptor in ready:
            chunk = os.read(descriptor, _CHUNK)
            if chunk:
                sinks[descriptor].write(chunk)
                sinks[descriptor].flush()
            else:
                del sinks[descriptor]
        quiet_rounds += has_ended and not ready
        if until and not has_ended and time.monotonic() > until:
            process.kill()
            process.wait()
            sys.stderr.write("run.py: the time limit was reached\n")
            return _TIMED_OUT
    return process.wait()


def main(arguments: list[str]) -> int:
    """The command line."""
    if arguments[:1] == ["-t"]:
        return run(arguments[2:], float(arguments[1]))
    return run(arguments, None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
