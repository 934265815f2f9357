"""The case `uninstall`."""

import re
import shutil

from canopee.testing import Installation
from canopee_api.postgres.location import forget
from canopee_contract.people import NewEnrolmentTokens
from tools.wine.builds import OLD, Installer, Kind, installer
from tools.wine.case import Case, Setting, expect
from tools.wine.pc import SERVICE, Pc

_OURS = re.compile(r"canop[eé]+|agent\.exe", re.IGNORECASE)


class Uninstall(Case):
    """An agent is removed and comes back as the same device; removed for good, it leaves nothing on the PC.

    By the set-up program and by the MSI, also when the agent has brought versions of itself that they do not know.
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
    made, practice = installer(kind, OLD), f"FR-13-{kind}"
    pc = Pc(setting.folder / kind, api)
    before = _traces(pc)
    pc.prefix.up()
    try:
        _install(pc, made, *pc.answers(token, practice))
        device = pc.device(practice)
        setting.say(f"{kind}: installed and enrolled")

        pc.uninstall(made)
        expect(not pc.prefix.service(SERVICE), "the service is still registered")
        kept = {path.name for path in pc.home.iterdir()}
        expect({"agent.toml", "policy.toml", "root.json", "state"} <= kept, f"of the data there is only {kept}")
        setting.say(f"{kind}: removed, its data is kept")

        _install(pc, made)
        pc.run_order(device)
        expect(pc.device(practice).id == device.id, "it came back as another device")
        setting.say(f"{kind}: installed again, as the same device and under the same local policy")

        shutil.copytree(pc.program / "slots" / OLD, pc.program / "slots" / "1.0.1")
        pc.uninstall(made, "PURGE=1")
        expect(not pc.prefix.service(SERVICE), "the service is still registered")
    finally:
        pc.prefix.down()
    left = _traces(pc) - before
    expect(not left, f"there is left: {sorted(left)}")
    setting.say(f"{kind}: removed with its data, nothing is left")


def _install(pc: Pc, made: Installer, *answers: str) -> None:
    ended = pc.install(made, *answers)
    expect(ended.exit_code == 0, f"the installation ends with {ended.exit_code}: {pc.setup_log()}{ended.output}")
    pc.wait_for(made.version)


def _traces(pc: Pc) -> set[str]:
    """Files of ours, and lines of the registry that name us."""
    drive = pc.prefix.path("C:\\")
    files = {str(path) for path in drive.rglob("*") if _OURS.search(path.name)}
    return files | {line for line in pc.prefix.registry().splitlines() if _OURS.search(line)}
