"""Asking PCs for their logs, and waiting for them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from canopee.errors import FailedError, RefusedError, UsageError
from canopee.given import parameters_of
from canopee.home import connect
from canopee.logs.opening import save
from canopee.output import print_object, printable
from canopee_client.client import Client
from canopee_contract.log_requests import OPEN_STATES, LogRequestView, NewLogCode, NewLogRequest, Resolved
from canopee_kit.clock import Clock, SystemClock

_EVERY_S = 0.5
_SHOWN = 20
_DAY_S = 86_400
_BAD = ("failed", "expired", "cancelled", "over_budget")


def request(arguments: argparse.Namespace) -> int:
    """`canopee logs request`."""
    if arguments.out and not arguments.wait:
        raise UsageError("--out needs --wait: what is there now comes with `canopee logs download`")
    lines = _lines(arguments)
    with connect(arguments) as client:
        asked = _asked(arguments, _found(client.resolve_log_devices(lines), arguments))
        if arguments.estimate:
            print_object(client.estimate_logs(asked), as_json=arguments.json)
            return 0
        return _follow(client, client.request_logs(asked), arguments, SystemClock())


def again(arguments: argparse.Namespace) -> int:
    """`canopee logs again`."""
    if arguments.out and not arguments.wait:
        raise UsageError("--out needs --wait: what is there now comes with `canopee logs download`")
    with connect(arguments) as client:
        view = client.request_logs_again(arguments.id, missing=arguments.missing)
        return _follow(client, view, arguments, SystemClock())


def code(arguments: argparse.Namespace) -> int:
    """`canopee logs code`."""
    new = NewLogCode(
        arguments.pipeline, arguments.reason, arguments.ticket, parameters_of(arguments.param), arguments.budget,
        _days(arguments.keep), arguments.expires, arguments.notify, arguments.forward,
    )  # fmt: skip
    with connect(arguments) as client:
        print_object(client.make_log_code(new), as_json=arguments.json, without=("request_id", "device_id"))
    return 0


def _lines(arguments: argparse.Namespace) -> list[str]:
    """What was named, each as one line of a list."""
    lines = [*arguments.device, *arguments.practice]
    if (file := arguments.devices_file) is not None:
        try:
            text = sys.stdin.read() if str(file) == "-" else Path(file).read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file} cannot be read as UTF-8 text: {error}") from error
        lines += text.splitlines()
    if not any(line.strip() for line in lines):
        raise UsageError("which PCs? say --device, --practice or --devices-file")
    return lines


def _found(resolved: Resolved, arguments: argparse.Namespace) -> list[str]:
    """Ids of the devices; what stands for none, or for several, is said."""
    said = [f"no PC: {_listed(resolved.not_found)}"] if resolved.not_found else []
    said += [
        f"{one.asked} is one of {len(one.devices)}: "
        + _listed([f"{pc.hostname} of {pc.practice_id} ({pc.id})" for pc in one.devices])
        for one in resolved.ambiguous[:_SHOWN]
    ]
    text = printable("\n".join(said))
    if said and not arguments.only_found:
        raise UsageError(f"{text}\nnothing was asked: mend the list, or say --only-found")
    if not resolved.found:
        raise UsageError(f"{text}\nno PC is left to ask" if text else "no PC is left to ask")
    if said:
        sys.stderr.write(f"{text}\n")
    return [one.id for one in resolved.found]


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts[:_SHOWN]) + (f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else "")


def _asked(arguments: argparse.Namespace, devices: list[str]) -> NewLogRequest:
    return NewLogRequest(
        devices=devices, pipeline=arguments.pipeline, reason=arguments.reason, ticket=arguments.ticket,
        parameters=parameters_of(arguments.param), budget_bytes=arguments.budget,
        total_budget_bytes=max(arguments.total_budget, arguments.budget), expires_in_s=arguments.expires,
        keep_days=_days(arguments.keep), notify=arguments.notify, forward=arguments.forward,
    )  # fmt: skip


def _days(seconds: int) -> int:
    if seconds % _DAY_S:
        raise UsageError("--keep is a number of days, such as 30d")
    return seconds // _DAY_S


def _follow(client: Client, view: LogRequestView, arguments: argparse.Namespace, clock: Clock) -> int:
    """Wait as was asked, save what came, and say how it went by the exit code."""
    is_over = True
    if arguments.wait:
        view, is_over = wait_for(client, view, arguments.wait, clock)
        if arguments.out and view.states.get("ready"):
            save(client, view, arguments.out)
    print_object(view, as_json=arguments.json)
    if not arguments.wait:
        return 0
    if not is_over:
        open_ = sum(number for state, number in view.states.items() if state in OPEN_STATES)
        raise FailedError(f"{open_} of {view.total} PCs have not answered within {arguments.wait} s")
    if refused := view.states.get("refused"):
        raise RefusedError(
            f"{refused} of {view.total} PCs, or their users, refused: see `canopee logs show {view.id}`"
        )
    if bad := sum(view.states.get(state, 0) for state in _BAD):
        raise FailedError(f"{bad} of {view.total} PCs sent nothing: see `canopee logs show {view.id}`")
    if arguments.out and not view.states.get("ready"):
        raise FailedError("no PC has such logs: nothing was written")
    return 0


def wait_for(client: Client, view: LogRequestView, seconds: int, clock: Clock) -> tuple[LogRequestView, bool]:
    """The request once nothing more is to come, or after `seconds`; whether nothing more is."""
    until = clock.monotonic() + seconds
    while view.state == "running":
        if clock.monotonic() > until:
            return view, False
        clock.sleep(_EVERY_S)
        view = client.log_request(view.id)
    return view, True
