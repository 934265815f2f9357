"""The step kind `update_agent`."""

from collections.abc import Generator
from functools import partial
from typing import IO, Annotated, Any, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import Meta

from canopee_agent import locations
from canopee_agent.archives import Entry
from canopee_agent.errors import ArchiveError, NoSpaceError, NotSupportedError, ReleaseError
from canopee_agent.ports import AgentRelease, AgentReleases, Machine
from canopee_agent.receiving import Expected, Receiving
from canopee_agent.release_zip import ReleaseZip, opened_release, program_of
from canopee_agent.step import Ceiling, Deadline, StepKind, clean_text
from canopee_contract.version import version_key

Outcome: TypeAlias = Literal["staged", "present"]

_ROOM = 3
"""Times the size of the release that must be free: the archive, its files, and as much again."""
_MARGIN = 64 * 2**20
_SELFTEST_S = 60.0
_OUTPUT_BYTES = 4_096


class UpdateAgentParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which release."""

    version: Annotated[str, Meta(description="Version of the release.", min_length=1, max_length=40)]
    path: Annotated[str, Meta(description="Its path in the signed repository.", min_length=1, max_length=100)]


class UpdateAgentOutputs(msgspec.Struct, frozen=True):
    """What later steps may decide upon."""

    version: Annotated[str, Meta(description="The version that was asked for.")]
    outcome: Annotated[Outcome, Meta(description="`present` when it runs, or waits for its trial, already.")]
    received_bytes: Annotated[int, Meta(description="Bytes received this time.", extra={"unit": "By"})]
    resumed_bytes: Annotated[int, Meta(description="Bytes kept from an earlier attempt.", extra={"unit": "By"})]


class UpdateAgent(StepKind[UpdateAgentParameters]):
    """Replaces the agent by a release that is signed for it, and goes back by itself when that one does not work.

    The release must be signed by the role `agent` of the repository, be for this platform, have a higher version than
    the one that runs and a `release_seq` that is not below any that this PC has taken, and must not have been returned
    here during the last seven days. It is received from the agent's own server, from where an earlier attempt has come
    to; each file is verified against the manifest in it, written to a slot of its own, and the new program tests itself
    there. Then the launcher is told, and the step is `done`: the agent starts again at once with the new version, which
    has three trials to check in with the server. Otherwise the version before runs again, and the fact
    `agent.update_failed` says why.

    Nothing of the local policy is opened for it, and nothing of the policy can be changed by it: `step_kinds` may leave
    it out. An agent that was not put there by its installer ends the step `skipped`.

    Example:
        steps:
          - id: update
            use: update_agent
            timeout_s: 3600
            retry: {attempts: 5, delay_s: 60}
            with:
              version: {$param: version}
              path: {$param: path}
    """

    Parameters = UpdateAgentParameters
    Outputs = UpdateAgentOutputs
    effect: ClassVar[Literal["collect", "action"]] = "action"

    def run(
        self, machine: Machine, parameters: UpdateAgentParameters, ceiling: Ceiling
    ) -> Generator[msgspec.Struct, None, Any]:
        yield from ()
        if machine.releases is None:
            raise NotSupportedError("this agent was not put here by its installer: it is updated the way it came")
        deadline = Deadline(machine.clock, ceiling)
        return _Update(machine, machine.releases, parameters, deadline).go()


class _Update:
    """One release on its way, from the server to its slot."""

    def __init__(
        self, machine: Machine, releases: AgentReleases, wanted: UpdateAgentParameters, deadline: Deadline
    ) -> None:
        self._machine, self._files, self._releases = machine, machine.files, releases
        self._wanted, self._deadline = wanted, deadline
        self._slots = releases.folder

    def go(self) -> UpdateAgentOutputs:
        if self._wanted.version in {self._releases.running, self._releases.pending}:
            return UpdateAgentOutputs(self._wanted.version, "present", 0, 0)
        release = self._releases.find(self._wanted.path)
        self._check(release)
        part = locations.below(self._slots, (f".tmp-{release.sha256[:16]}.part",))
        self._releases.prune(keep=locations.name_of(part))
        self._check_room(_ROOM * release.size)
        expected = Expected(release.path, release.size, release.sha256)
        fetch = partial(self._releases.fetch, release)
        receiving = Receiving(self._machine, part, expected, fetch, self._deadline)
        try:
            with receiving.whole() as stream:
                self._fill(release, stream)
        except (ArchiveError, ReleaseError):  # the very bytes that were signed: they will not get better
            self._files.delete(part)
            raise
        self._releases.stage(release)
        self._files.delete(part)
        return UpdateAgentOutputs(release.version, "staged", receiving.received, receiving.resumed)

    def _check(self, release: AgentRelease) -> None:
        """Refuse what must not run here, whoever signed it."""
        if release.version != self._wanted.version:
            raise ReleaseError(f"{release.path} is {release.version}: {self._wanted.version} was asked for")
        if release.platform != self._releases.platform:
            raise ReleaseError(f"{release.path} is for {release.platform}: this PC is {self._releases.platform}")
        new, running = version_key(release.version), version_key(self._releases.running)
        if new is None or (running is not None and new <= running):
            raise ReleaseError(f"{release.version} is not above {self._releases.running}, which runs: no way back")
        if release.release_seq < self._releases.floor:
            raise ReleaseError(
                f"{release.path} has the release_seq {release.release_seq}: below {self._releases.floor}, known here"
            )
        if self._releases.is_banned(release.version):
            raise ReleaseError(
                f"{release.version} was returned here less than seven days ago: release a newer one"
            )

    def _check_room(self, needed: int) -> None:
        free = self._files.free_bytes(self._slots)
        if free < needed + _MARGIN:
            raise NoSpaceError(f"{self._slots} has {free} bytes free, and {needed + _MARGIN} are needed")

    def _fill(self, release: AgentRelease, stream: IO[bytes]) -> None:
        """Unpack beside the slot, verify, let the new program test itself, and rename."""
        staging = locations.below(self._slots, (f".tmp-{release.version}",))
        target = locations.below(self._slots, (release.version,))
        try:
            with opened_release(stream) as opened:
                found = opened.manifest
                if (found.version, found.platform) != (release.version, release.platform):
                    raise ReleaseError(f"{release.path} holds {found.version} for {found.platform}")
                self._check_room(opened.size)
                self._unpack(opened, staging)
            self._test(locations.below(staging, (program_of(release.platform),)))
            self._files.delete(target)  # what no state names is no slot
            self._files.rename(staging, target)
        finally:
            self._files.delete(staging)

    def _unpack(self, opened: ReleaseZip, staging: str) -> None:
        self._files.make_folder(staging)
        made: set[tuple[str, ...]] = {()}
        for entry in opened.entries:
            parts = entry.parts if entry.is_folder else entry.parts[:-1]
            for depth in range(1, len(parts) + 1):
                if parts[:depth] not in made:
                    self._files.make_folder(locations.below(staging, parts[:depth]))
                    made.add(parts[:depth])
            if not entry.is_folder:
                self._write(opened, entry, locations.below(staging, entry.parts))

    def _write(self, opened: ReleaseZip, entry: Entry, path: str) -> None:
        with self._files.create(path, is_program=len(entry.parts) == 1) as stream, locations.told_of(path):
            for piece in opened.pieces(entry):
                stream.write(piece)
                self._deadline.check()
            self._files.sync(stream)

    def _test(self, program: str) -> None:
        """Run the new program's own test, in a job that ends with it."""
        timeout_s = min(_SELFTEST_S, self._deadline.left_s)
        end = self._machine.programs.run(
            [program, "selftest"], timeout_s=timeout_s, max_output_bytes=_OUTPUT_BYTES
        )
        if end.timed_out or end.exit_code:
            why = f"did not end within {timeout_s:.0f} s" if end.timed_out else f"ended with {end.exit_code}"
            said = clean_text(end.output.decode("utf-8", "replace")).strip()[-500:]
            raise ReleaseError(f"the self-test of {self._wanted.version} {why}: {said}")
