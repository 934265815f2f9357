"""What came: listed, downloaded, searched, purged; requests that are cancelled."""

import argparse
import hashlib
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from canopee.errors import FailedError, UsageError
from canopee.home import connect
from canopee.output import print_json, print_list, print_object, printable
from canopee_client.client import Client
from canopee_contract.log_requests import LogDevice, LogRequestView, SearchArchive

_LISTED = ("id", "created_at", "ticket", "reason", "created_by", "pipeline", "state", "states", "keep_until")
_DEVICES = ("id", "hostname", "practice_id", "state", "received_bytes", "announced_bytes", "code", "detail")
_RECEIPTS = (
    "device_id", "hostname", "name", "sha256", "size_bytes", "purged_at", "purged_by", "bytes_removed", "on_pc",
    "gone_at",
)  # fmt: skip
_MATCHES = ("hostname", "path", "line", "text")


class Line(msgspec.Struct):
    """A match, with the PC that it comes from."""

    device_id: str
    hostname: str
    path: str
    line: int
    text: str
    start: int
    end: int


class Done(msgspec.Struct):
    """Who did what to a request."""

    at: datetime
    actor: str
    action: str
    detail: dict[str, object]


def list_requests(arguments: argparse.Namespace) -> int:
    """`canopee logs list`."""
    wanted = {
        name: getattr(arguments, name) for name in ("state", "q", "device", "by") if getattr(arguments, name)
    }
    with connect(arguments) as client:
        print_list(client.log_requests(**wanted), _LISTED, as_json=arguments.json)
    return 0


def show(arguments: argparse.Namespace) -> int:
    """`canopee logs show`."""
    with connect(arguments) as client:
        if arguments.receipts:
            print_list(client.log_receipts(arguments.id), _RECEIPTS, as_json=arguments.json)
            return 0
        if arguments.history:
            done = [Done(one.at, one.actor, one.action, one.detail) for one in client.log_history(arguments.id)]
            print_list(done, ("at", "actor", "action", "detail"), as_json=arguments.json)
            return 0
        view = client.log_request(arguments.id)
        devices = list(client.log_devices(arguments.id, **({"state": arguments.state} if arguments.state else {})))
    if arguments.json:
        print_json({"request": view, "devices": devices})
        return 0
    print_object(view, as_json=False)
    print_list(devices, _DEVICES, as_json=False)
    return 0


def download(arguments: argparse.Namespace) -> int:
    """`canopee logs download`."""
    with connect(arguments) as client:
        view = client.log_request(arguments.id)
        if not arguments.device and not view.states.get("ready"):
            raise FailedError(f"no archive is there: see `canopee logs show {view.id}`")
        saved = save(client, view, arguments.out, device=arguments.device)
    if arguments.json:
        print_json(saved)
    return 0


class Saved(msgspec.Struct):
    """A file that was written."""

    path: str
    size_bytes: int
    sha256: str


def save(client: Client, view: LogRequestView, out: Path, *, device: str = "") -> Saved:
    """Write the archive of a device, or of the only one; else one zip of all. The file is there once it is right.

    Raises:
        FailedError: what came has another SHA-256 than was stored, or the device has no archive.
        UsageError: the file cannot be written.
    """
    ready = [one for one in client.log_devices(view.id, state="ready") if device in {"", one.id}]
    if device and not ready:
        raise FailedError(f"{device} has sent no archive, or not all of it: see `canopee logs show {view.id}`")
    if view.total == 1 or device:
        archive = ready[0].archives[0]
        return _write(out, client.download_archive(view.id, ready[0].id), archive.sha256)
    return _write(out, client.download_archives(view.id), "")


def _write(out: Path, pieces: Iterator[bytes], sha256: str) -> Saved:
    """Beside, then renamed."""
    part, digest, size = out.with_name(f"{out.name}.part"), hashlib.sha256(), 0
    try:
        with part.open("wb") as stream:
            for piece in pieces:
                stream.write(piece)
                digest.update(piece)
                size += len(piece)
        if sha256 and digest.hexdigest() != sha256:
            raise FailedError(f"what came is not what was stored ({sha256}): download it again")
        part.replace(out)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return Saved(str(out), size, digest.hexdigest())


def search(arguments: argparse.Namespace) -> int:
    """`canopee logs search`; 1 when nothing is found, as grep does."""
    found, cut = list[Line](), list[str]()
    with connect(arguments) as client:
        for one in client.log_devices(arguments.id, state="ready"):
            if arguments.device in {"", one.id}:
                matches, why = _search_one(client, arguments, one)
                found += matches
                cut += [f"{one.hostname} ({why})"] if why else []
    if found or arguments.json:
        print_list(found, _MATCHES, as_json=arguments.json)
    if cut:
        raise FailedError(f"not everything was read of {', '.join(cut[:10])}: look for something rarer")
    if not found:
        raise FailedError("nothing was found in the archives that are there")
    return 0


def _search_one(client: Client, arguments: argparse.Namespace, one: LogDevice) -> tuple[list[Line], str]:
    """The matches in the archive of a device, and why there may be more."""
    wanted = SearchArchive(arguments.text, arguments.regex, arguments.case, arguments.path, arguments.limit)
    held = client.search_archive(arguments.id, one.id, wanted)
    lines = [
        Line(one.id, one.hostname, match.path, match.line, match.text, match.start, match.end)
        for match in held.matches
    ]
    return lines, held.ended_by if held.is_cut else ""


def cancel(arguments: argparse.Namespace) -> int:
    """`canopee logs cancel`."""
    with connect(arguments) as client:
        print_object(client.cancel_logs(arguments.id), as_json=arguments.json)
    return 0


def purge(arguments: argparse.Namespace) -> int:
    """`canopee logs purge`."""
    with connect(arguments) as client:
        view = client.purge_logs(arguments.id, device=arguments.device)
    print_object(view, as_json=arguments.json)
    if copies := view.forwards.get("done", 0):
        sys.stderr.write(
            f"archives of this request that were sent to the SFTP server: {copies}; they stay there, in the folder of"
            f" ticket {printable(view.ticket)}, until whoever keeps that server removes them\n"
        )
    return 0
