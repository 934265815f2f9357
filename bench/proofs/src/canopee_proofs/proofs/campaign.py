"""The proof `campaign`."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import ClassVar

import msgspec

from canopee.approval import approve, newest, ringed
from canopee.testing import Installation
from canopee_api.postgres.location import forget
from canopee_client.client import Client
from canopee_client.errors import AnswerError, NoAnswerError
from canopee_contract.campaign import Rollout
from canopee_contract.people import CampaignView, NewCampaign, NewEnrolmentTokens
from canopee_kit.clock import SystemClock
from canopee_proofs.proof import Proof, Setting, Verdict
from canopee_proofs.two_processes import kill_one, until
from canopee_trust.ceremony import read_approvers
from canopee_trust.documents import seal_campaign

_FAILING, _FAILING_OF_FEW, _FEW = 0.08, 0.5, 500
"""Share of the runs that fail; of a fleet that is small, so many that chance cannot let it go to its end."""
_LATEST_S, _SWEPT_S = 300.0, 60.0
_SHARES = (500, 2_000, 6_000, 10_000)
_ROLLOUT = Rollout(advance_after_s=0, min_answered_pct=90, max_failed_pct=5, min_runs=10)
_OPEN = {"waiting", "pending", "delivered"}
_LEFT = {"waiting", "pending"}


class Campaign(Proof):
    """Of a fleet where 8 % of the runs fail, a campaign halts by itself; mended and resumed, it goes to its end.

    Two API processes behind the shipped nginx, one of them killed (-9) again and again meanwhile: N times in all, 50
    devices for each, 1 000 at most; half of the runs fail where there are fewer than 500. At every sampled instant the
    states add up to the total, ring by ring too, and what is shut has no order; in the end every device has had one
    order and no more. A second campaign is aborted while it is under way: no order of it is left to deliver. Jobs that
    the killed processes had in hand are given back within a minute.
    """

    usual_cases: ClassVar[int] = 20
    short_cases: ClassVar[int] = 1

    def run(self, setting: Setting) -> Verdict:
        os.environ["CANOPEE_TICK_S"] = "1"
        installation = Installation(setting.folder / "home")
        try:
            installation.up("--api", "2", "--no-agent")
            with installation.client() as client:
                return Verdict(setting.cases, tuple(_Trial(setting, installation, client).violations()))
        finally:
            installation.run("down", expect=None)
            forget(installation.home.folder / "postgres")


class _Trial:
    """One fleet, two campaigns."""

    def __init__(self, setting: Setting, installation: Installation, client: Client) -> None:
        self._setting, self._installation, self._client = setting, installation, client
        self._draw, self._kills, self._samples = setting.random(), 0, 0
        self._devices = min(1_000, 50 * setting.cases)
        self._found: list[str] = []

    def violations(self) -> list[str]:
        """What should not have been seen."""
        self._mint()
        with self._swarm(0):
            if not until(lambda: self._known() == self._devices, _LATEST_S):
                return [f"the facts of {self._known()} of {self._devices} devices are there at the start"]
        with self._swarm(_FAILING_OF_FEW if self._devices < _FEW else _FAILING):
            first = self._start()
            if not self._watch(first, lambda view: view.state == "halted"):
                return [*self._found, f"it does not halt: {self._view(first)}"]
        self._check_halt(self._view(first))
        with self._swarm(0):
            self._client.resume_campaign(first)
            if not self._watch(first, self._is_done, kills=self._setting.cases - 1):
                self._found.append(f"it does not end: {self._view(first)}")
            self._check_orders(first)
            self._abort()
        self._check_jobs()
        self._setting.say(f"campaign: {self._devices} devices, {self._kills} kills, {self._samples} samples")
        return self._found

    def _abort(self) -> None:
        second = self._start()
        self._watch(second, lambda view: sum(ring.is_open for ring in view.rings) > 1)
        self._client.stop_campaign(second)
        if left := _LEFT & set(self._view(second).states):
            self._found.append(f"aborted, and still {left}: {self._view(second)}")
        if not self._watch(second, lambda view: not _OPEN & set(view.states)):
            self._found.append(f"aborted, and not over: {self._view(second)}")
        self._check_orders(second, is_aborted=True)

    def _start(self) -> str:
        pipeline, clock = newest(self._client, "prepare_update"), SystemClock()
        whole = approve(
            pipeline, {"all": []}, clock, parameters={"channel": "stable"}, expires_in_s=86_400, name="proof"
        )
        document = ringed(whole, _SHARES, pilots=(), rollout=_ROLLOUT, reason="a proof")
        (approver,) = read_approvers(self._installation.home.keys / "offline", ("approver-1",))
        sealed = seal_campaign(document, [approver.key])
        return self._client.start_campaign(NewCampaign(document=msgspec.Raw(sealed))).id

    def _watch(self, campaign: str, is_so: Callable[[CampaignView], bool], *, kills: int = 1) -> bool:
        """Sample it until it is so, killing a process now and then."""
        left = kills

        def sampled() -> bool:
            nonlocal left
            view = self._view(campaign)
            self._check(view)
            if is_so(view) and not left:
                return True
            if left and self._kills < self._setting.cases:
                kill_one(self._installation, self._draw)
                self._kills, left = self._kills + 1, left - 1
            else:
                left = 0
            return False

        return until(sampled, _LATEST_S + 20 * kills)

    def _is_done(self, view: CampaignView) -> bool:
        """Whether every device has answered; a halt by failures that were reported late is ended as a person would."""
        if view.state == "halted":
            with suppress(AnswerError):  # the process that was killed had done it
                self._client.resume_campaign(view.id)
        return view.total == self._devices and not _OPEN & set(view.states)

    def _check(self, view: CampaignView) -> None:
        """What holds at every instant."""
        self._samples += 1
        by_ring: Counter[str] = Counter()
        for ring in view.rings:
            by_ring.update(ring.states)
            if not ring.is_open and set(ring.states) - {"waiting", "cancelled"}:
                self._found.append(f"a ring that is shut has orders: {view}")
        if sum(view.states.values()) != view.total or dict(by_ring) != view.states:
            self._found.append(f"the states do not add up: {view}")
        if view.total > self._devices:
            self._found.append(f"more devices than there are: {view}")

    def _check_halt(self, view: CampaignView) -> None:
        """It has halted because of what its open rings show, and the last ring has not opened."""
        counts = Counter[str]()
        for ring in view.rings:
            if ring.is_open:
                counts.update(ring.states)
        bad = sum(counts[state] for state in ("failed", "timed_out", "unknown"))
        ended = sum(number for state, number in counts.items() if state not in _OPEN)
        is_enough = ended >= _ROLLOUT.min_runs or ended * 100 >= _ROLLOUT.min_answered_pct * counts.total()
        if bad * 100 <= _ROLLOUT.max_failed_pct * ended or not is_enough:
            self._found.append(f"it halted without a reason: {view}")
        if view.rings[-1].is_open or "runs failed" not in view.reason:
            self._found.append(f"it halted too late, or says something else: {view}")

    def _check_orders(self, campaign: str, *, is_aborted: bool = False) -> None:
        """No device has had two orders; but for an abort, each has had one."""
        given = Counter(order.device_id for order in self._client.orders(campaign=campaign))
        if max(given.values(), default=0) > 1 or (not is_aborted and len(given) != self._devices):
            self._found.append(f"{given.total()} orders to {len(given)} of {self._devices} devices")

    def _check_jobs(self) -> None:
        """What the killed processes had in hand is in nobody's hand any more, and the work goes on."""
        held = {job.id for job in self._client.jobs(state="running")}
        if not until(lambda: not held & {job.id for job in self._client.jobs(state="running")}, _SWEPT_S):
            self._found.append(
                f"jobs of killed processes are not swept: {list(self._client.jobs(state='running'))}"
            )
        status = self._client.status()
        if status.work is None or status.work.state == "stopped" or not status.work.workers:
            self._found.append(f"nobody works any more: {status.work}")

    def _view(self, campaign: str) -> CampaignView:
        clock = SystemClock()
        end = clock.monotonic() + _LATEST_S
        while True:
            try:
                return self._client.campaign(campaign)
            except NoAnswerError:
                if clock.monotonic() > end:
                    raise
                clock.sleep(0.1)

    def _known(self) -> int:
        """Devices that have enrolled and sent their facts."""
        return len(self._client.match({"all": []}).device_ids)

    def _mint(self) -> None:
        tokens = self._client.mint_tokens(NewEnrolmentTokens(self._devices, "C1", simulated=True)).tokens
        (self._setting.folder / "tokens").write_text("\n".join(tokens))

    @contextmanager
    def _swarm(self, failures: float) -> Generator[None]:
        """The fleet at work; the same devices each time."""
        folder = self._setting.folder
        swarm = subprocess.Popen(  # noqa: S603  our own program
            [
                sys.executable, "-m", "canopee_swarm", "--url", self._client.url, "--folder", folder / "swarm",
                "--root", self._installation.home.keys / "root.json", "--tokens", folder / "tokens",
                "--devices", str(self._devices), "--failures", str(failures), "--wait", "10",
            ],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield
        finally:
            swarm.terminate()
            swarm.wait(60)
