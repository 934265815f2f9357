"""`canopee`: finds the commands in `commands/`, runs one, and turns errors into exit codes.

0 ok · 1 failed · 2 usage · 3 refused · 4 not found
"""

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version

import canopee.commands as package
from canopee.errors import RefusedError, UsageError
from canopee.output import printable
from canopee_client.errors import AnswerError, RequestError
from canopee_kit import logs
from canopee_kit.errors import CanopeeError
from canopee_trust.errors import KeyFileError, TrustError

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
OK, FAILED, USAGE, REFUSED, NOT_FOUND = range(5)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    given = sys.argv[1:] if argv is None else list(argv)
    arguments = make_parser(given[0] if given else "").parse_args(given)
    try:
        logs.set_up(_log_level(getattr(arguments, "log_level", "WARNING")))
        return int(arguments.run(arguments) or OK)
    except KeyboardInterrupt:
        return FAILED
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except CanopeeError as error:
        return _said(str(error), exit_code(error))
    except EOFError:
        return _said("nobody is there to answer: set CANOPEE_PASSWORD, or CANOPEE_PASSPHRASE for a key", USAGE)
    except OSError as error:
        return _said(f"{error.filename or 'this machine'}: {error.strerror or error}", FAILED)


def _said(message: str, code: int) -> int:
    """The code, once the message is on standard error; what a PC or an API wrote in it cannot steer the terminal."""
    sys.stderr.write(f"canopee: {printable(message)}\n")
    return code


def _log_level(usual: str) -> str:
    """That of CANOPEE_LOG_LEVEL, else the usual one; raises `UsageError`."""
    given = os.environ.get("CANOPEE_LOG_LEVEL") or usual
    if given not in _LEVELS:
        raise UsageError(f"CANOPEE_LOG_LEVEL is one of {', '.join(_LEVELS)}, not {given!r}")
    return given


def exit_code(error: CanopeeError) -> int:
    """The exit code that an error stands for."""
    if isinstance(error, AnswerError):
        return NOT_FOUND if error.problem.status == 404 else REFUSED  # noqa: PLR2004  not found
    if isinstance(error, UsageError | RequestError | KeyFileError):
        return USAGE
    return REFUSED if isinstance(error, RefusedError | TrustError) else FAILED


@cache
def make_parser(command: str = "") -> argparse.ArgumentParser:
    """The whole command line, or what is in the module named as `command`: so nobody waits for the other modules."""
    parser = argparse.ArgumentParser(prog="canopee", description="Fleet management for software vendors.")
    parser.add_argument("--version", action="version", version=version("canopee"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    found = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    named = [name for name in found if name == command.replace("-", "_")]
    for name in named or found:
        importlib.import_module(f"{package.__name__}.{name}").add_to(commands)
    return parser if command in commands.choices or not named else make_parser()
