"""The step kind `download_file`."""

from collections.abc import Generator
from contextlib import AbstractContextManager
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import Meta

from canopee_agent import locations
from canopee_agent.addresses import check_address
from canopee_agent.errors import DeniedError, MissingError, NoSpaceError
from canopee_agent.ports import Download, Machine, Wanted
from canopee_agent.receiving import Expected, Receiving, digest
from canopee_agent.step import Ceiling, Deadline, StepKind

DownloadState: TypeAlias = Literal["downloaded", "present"]

_MARGIN = 64 * 2**20
"""Bytes that a download leaves free on the disk."""


class DownloadFileParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to download, and where to."""

    url: Annotated[str, Meta(description="Address of the file: https.", max_length=2_000)]
    sha256: Annotated[str, Meta(description="SHA-256 that it must have.", pattern="^[0-9a-f]{64}$")]
    size_bytes: Annotated[int, Meta(description="Size that it must have.", ge=0, extra={"unit": "By"})]
    to: Annotated[str, Meta(description="Absolute path that it takes.", min_length=1, max_length=1_024)]
    redirect_hosts: Annotated[
        tuple[Annotated[str, Meta(max_length=253)], ...],
        Meta(description="Other hosts to which the server may send us on.", max_length=10),
    ] = ()


class DownloadFileRecord(msgspec.Struct, frozen=True):
    """The file as it is now on the PC."""

    url: Annotated[str, Meta(description="Where it came from.", extra={"ecs": "url.original"})]
    path: Annotated[str, Meta(description="Where it is.", extra={"ecs": "file.path"})]
    size_bytes: Annotated[int, Meta(description="Its size.", extra={"unit": "By", "ecs": "file.size"})]
    sha256: Annotated[str, Meta(description="Its SHA-256.", extra={"ecs": "file.hash.sha256"})]
    state: Annotated[DownloadState, Meta(description="`present` when it was there already.")]
    received_bytes: Annotated[int, Meta(description="Bytes received this time.", extra={"unit": "By"})]
    resumed_bytes: Annotated[int, Meta(description="Bytes kept from an earlier attempt.", extra={"unit": "By"})]


class DownloadFileOutputs(msgspec.Struct, frozen=True):
    """What later steps may decide upon."""

    path: Annotated[str, Meta(description="Final path of the file.")]
    received_bytes: Annotated[int, Meta(description="Bytes received this time; 0 when nothing was to do.")]


class DownloadFile(StepKind[DownloadFileParameters]):
    r"""Downloads one file whose size and SHA-256 are known.

    The address must be https (http to this PC itself only) and its host in `download_hosts` of the local policy; a
    redirect is followed to that host only, or to one of `redirect_hosts` that the policy lists too. The file must go
    below a folder of `write_roots`, and be no larger than `max_download_bytes`.

    It is received beside its final place, made durable, verified, then renamed there at once: whoever looks sees the
    old file or the new one, never a part of it. What was received before a cut, a kill or a reboot is kept, and the
    next attempt goes on from there. When the right file is there already, nothing is downloaded. Free space is checked
    first. A file with another size or SHA-256 fails the step and leaves nothing.

    Example:
        steps:
          - id: update
            use: download_file
            timeout_s: 3600
            retry: {attempts: 5, delay_s: 60}
            with:
              url: https://updates.example.fr/cabinet/8.2.0/update.zip
              sha256: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
              size_bytes: 48211034
              to: 'C:\ProgramData\Cabinet\updates\8.2.0.zip'
    """

    Parameters = DownloadFileParameters
    Record = DownloadFileRecord
    Outputs = DownloadFileOutputs
    effect: ClassVar[Literal["collect", "action"]] = "action"

    def run(
        self, machine: Machine, parameters: DownloadFileParameters, ceiling: Ceiling
    ) -> Generator[msgspec.Struct, None, Any]:
        deadline = Deadline(machine.clock, ceiling)
        hosts = _hosts(parameters, ceiling)
        if parameters.size_bytes > ceiling.max_download_bytes:
            raise DeniedError(f"it is larger than max_download_bytes of the local policy: {parameters.size_bytes}")
        target = locations.writable(machine, parameters.to, ceiling)
        received = resumed = 0
        state: DownloadState = "present"
        if not _is_there(machine, target, parameters, deadline):
            state = "downloaded"
            received, resumed = _Placing(machine, parameters, deadline, hosts, target).go()
        yield DownloadFileRecord(
            url=parameters.url, path=target, size_bytes=parameters.size_bytes, sha256=parameters.sha256, state=state,
            received_bytes=received, resumed_bytes=resumed,
        )  # fmt: skip
        return DownloadFileOutputs(path=target, received_bytes=received)


class _Placing:
    """One file on its way, from its part beside the target to the target itself."""

    def __init__(
        self,
        machine: Machine,
        parameters: DownloadFileParameters,
        deadline: Deadline,
        hosts: tuple[str, ...],
        target: str,
    ) -> None:
        self._machine, self._files = machine, machine.files
        self._wanted, self._hosts, self._target = parameters, hosts, target
        self._part = locations.beside(target, f"{parameters.sha256[:16]}.part")
        expected = Expected(parameters.url, parameters.size_bytes, parameters.sha256)
        self._receiving = Receiving(machine, self._part, expected, self._fetch, deadline)

    def go(self) -> tuple[int, int]:
        """Receive, verify and rename; bytes received, and kept from before."""
        self._prepare()
        with self._receiving.whole():
            self._files.rename(self._part, self._target, overwrite=True)  # still held: nobody writes it
        return self._receiving.received, self._receiving.resumed

    def _fetch(self, start: int, etag: str, timeout_s: float) -> AbstractContextManager[Download]:
        wanted = self._wanted
        return self._machine.downloads.fetch(
            Wanted(wanted.url, wanted.size_bytes, self._hosts, start, etag, timeout_s)
        )

    def _prepare(self) -> None:
        """Make the folder, remove parts of other versions, and see that there is room."""
        folder = locations.parent(self._target)
        locations.make_folders(self._files, folder)
        prefix = locations.name_of(locations.beside(self._target, ""))
        for name in self._files.names(folder):
            other = locations.sibling(self._target, name)
            if name.startswith(prefix) and name.endswith(".part") and other != self._part:
                self._files.delete(other)
        try:
            kept = self._files.look(self._part).size
        except MissingError:
            kept = 0
        needed = self._wanted.size_bytes - kept + _MARGIN
        free = self._files.free_bytes(folder)
        if free < needed:
            raise NoSpaceError(f"{folder} has {free} bytes free, and {needed} are needed")


def _hosts(parameters: DownloadFileParameters, ceiling: Ceiling) -> tuple[str, ...]:
    """The hosts that may serve the file: its own and those that it names, each allowed by the local policy."""
    parts = check_address(parameters.url, ceiling.download_hosts)
    for host in parameters.redirect_hosts:
        check_address(f"https://{host}/", ceiling.download_hosts)
    return (parts.netloc, *parameters.redirect_hosts)


def _is_there(machine: Machine, target: str, wanted: DownloadFileParameters, deadline: Deadline) -> bool:
    """Whether the right file is at its place already."""
    try:
        found = machine.files.look(target)
    except MissingError:
        return False
    if found.kind != "file":
        raise DeniedError(f"{target} is a {found.kind}: name a file")
    if found.size != wanted.size_bytes:
        return False
    with machine.files.open(target) as stream, locations.told_of(target):
        return digest(stream, deadline)[1] == wanted.sha256
