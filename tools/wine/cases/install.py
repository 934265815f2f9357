"""The case `install`."""

from collections.abc import Callable

from canopee.testing import Installation
from canopee_api.postgres.location import forget
from canopee_contract.people import NewEnrolmentTokens
from tools.wine.builds import NEW, OLD, Kind, installer
from tools.wine.case import Case, Setting, expect, wait_until
from tools.wine.pc import REFUSED, SERVICE, Pc


class Install(Case):
    """An agent is installed, restarted with its PC, upgraded and not downgraded, by the set-up program and by the MSI.

    Both are silent; the PC enrols at a real API and runs a signed order each time.
    """

    def run(self, setting: Setting) -> None:
        api = Installation(setting.folder / "api")
        try:
            api.up("--no-agent")
            with api.client() as client:  # one token for all the PCs of a delivery
                token = client.mint_tokens(NewEnrolmentTokens(uses=2, practice_pattern="FR-*")).tokens[0]
            for kind in ("nsis", "msi"):
                journey = _Journey(kind, Pc(setting.folder / kind, api), token)
                journey.pc.prefix.up()
                try:
                    for step in journey.steps():
                        step()
                        setting.say(f"{kind}: {(step.__doc__ or '').rstrip('.')}")
                finally:
                    journey.pc.prefix.down()
        finally:
            api.run("down", expect=None)
            forget(api.home.folder / "postgres")


class _Journey:
    """One PC with one kind of installer."""

    def __init__(self, kind: Kind, pc: Pc, token: str) -> None:
        self.kind, self.pc, self._token, self._practice = kind, pc, token, f"FR-69-{kind}"
        self._old, self._new = installer(kind, OLD), installer(kind, NEW)

    def steps(self) -> list[Callable[[], None]]:
        repair = [self._refused_repair] if self.kind == "nsis" else []  # an MSI repairs from its own cache
        return [
            self._refused,
            self._installed,
            self._used,
            self._restarted,
            self._upgraded,
            *repair,
            self._refused_downgrade,
        ]

    def _refused(self) -> None:
        """Refused without a server."""
        ended = self.pc.install(self._old)
        expect(ended.exit_code in REFUSED, f"without a server, it ends with {ended.exit_code}: {ended.output}")
        expect("SERVER_URL is missing" in self.pc.setup_log(), f"it does not say why: {self.pc.setup_log()}")
        expect(not self.pc.prefix.service(SERVICE), "a service is registered by what was refused")

    def _installed(self) -> None:
        """Installed and enrolled, an order is done, and the token is nowhere."""
        ended = self.pc.install(self._old, *self.pc.answers(self._token, self._practice))
        expect(ended.exit_code == 0, f"it ends with {ended.exit_code}: {self.pc.setup_log()}{ended.output}")
        self.pc.wait_for(OLD)
        self.pc.run_order(self.pc.device(self._practice))
        expect(not (left := self.pc.holding(self._token)), f"the token was left in {left}")
        told = str(self.pc.device(self._practice).facts.get("os.version"))
        expect(told.startswith("10."), f"this Windows is told to be {told}")

    def _used(self) -> None:
        """Its user is answered at the desk, and sends its logs with a code."""
        ended = self.pc.desk(OLD, "consent")
        expect(ended.exit_code == 0, f"the desk ends with {ended.exit_code}: {ended.output}{self.pc.log()}")
        ended = self.pc.desk(OLD, "send-logs", "--code", self.pc.code())
        expect(ended.exit_code == 0, f"the code is answered with {ended.exit_code}: {ended.output}{self.pc.log()}")

    def _restarted(self) -> None:
        """Started with its PC."""
        self.pc.prefix.down()
        expect("canopee-agent.exe" in self.pc.prefix.registry(), "the Run box does not know canopee-agent")
        self.pc.prefix.up()
        self.pc.wait_for(OLD)
        self.pc.run_order(self.pc.device(self._practice))

    def _upgraded(self) -> None:
        """Upgraded while it ran, as the same device."""
        device = self.pc.device(self._practice)
        ended = self.pc.install(self._new)
        expect(ended.exit_code == 0, f"it ends with {ended.exit_code}: {self.pc.setup_log()}{ended.output}")
        self.pc.wait_for(NEW)
        self.pc.run_order(device)
        wait_until("the API knows the new version", lambda: self.pc.device(self._practice).agent_version == NEW)
        if self.kind == "nsis":  # an MSI takes the files of its old version away
            old = self.pc.program / "slots" / OLD / "agent.exe"
            expect(old.is_file(), "there is no version to return to any more")

    def _refused_repair(self) -> None:
        """A refused repair left it running."""
        ended = self.pc.install(self._new, "CA_FILE=nothing.pem")
        expect(ended.exit_code in REFUSED, f"a repair with a file that is not there ends with {ended.exit_code}")
        self.pc.wait_for(NEW)

    def _refused_downgrade(self) -> None:
        """Not downgraded."""
        ended = self.pc.install(self._old)
        expect(ended.exit_code in REFUSED, f"a downgrade ends with {ended.exit_code}")
        self.pc.wait_for(NEW)
