"""The case `install`."""

from canopee.testing import Installation
from canopee_api.postgres.location import forget
from canopee_contract.people import NewEnrolmentTokens
from tools.wine.builds import NEW, OLD, Kind, installer
from tools.wine.case import Case, Setting, expect
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
                _journey(setting, api, kind, token)
        finally:
            api.run("down", expect=None)
            forget(api.home.folder / "postgres")


def _journey(setting: Setting, api: Installation, kind: Kind, token: str) -> None:
    old, new, practice = installer(kind, OLD), installer(kind, NEW), f"FR-69-{kind}"
    setting.say(f"{kind}: the installers are there")
    pc = Pc(setting.folder / kind, api)
    pc.prefix.up()
    try:
        ended = pc.install(old)
        expect(ended.exit_code in REFUSED, f"without a server, it ends with {ended.exit_code}: {ended.output}")
        expect("SERVER_URL is missing" in pc.setup_log(), f"setup.log does not say why: {pc.setup_log()}")
        expect(not pc.prefix.service(SERVICE), "a service is registered by what was refused")
        setting.say(f"{kind}: refused without a server")

        ended = pc.install(old, *pc.answers(token, practice))
        expect(
            ended.exit_code == 0, f"the installation ends with {ended.exit_code}: {pc.setup_log()}{ended.output}"
        )
        pc.wait_for(OLD)
        device = pc.device(practice)
        pc.run_order(device)
        expect(not (left := pc.holding(token)), f"the token was left in {left}")
        told = str(pc.device(practice).facts.get("os.version"))
        expect(told.startswith("10."), f"this Windows is told to be {told}")
        setting.say(f"{kind}: installed, enrolled, an order is done")

        pc.prefix.down()
        pc.prefix.up()
        pc.wait_for(OLD)
        pc.run_order(device)
        setting.say(f"{kind}: started with its PC")

        ended = pc.install(new)
        expect(ended.exit_code == 0, f"the upgrade ends with {ended.exit_code}: {pc.setup_log()}{ended.output}")
        pc.wait_for(NEW)
        pc.run_order(device)
        expect(pc.device(practice).agent_version == NEW, "the API does not know the new version")
        setting.say(f"{kind}: upgraded")

        ended = pc.install(old)
        expect(ended.exit_code in REFUSED, f"a downgrade ends with {ended.exit_code}")
        pc.wait_for(NEW)
        if kind == "nsis":  # Wine tells the MSI that it upgrades from nothing of it, so that it removes it all
            expect(
                (pc.program / "slots" / OLD / "agent.exe").is_file(), "there is no version to return to any more"
            )
        setting.say(f"{kind}: not downgraded")
    finally:
        pc.prefix.down()
