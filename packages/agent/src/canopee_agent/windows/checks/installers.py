"""Installers: what they leave in their log, and what only hands can try."""

from collections.abc import Mapping

from canopee_agent.windows.acceptance import Area, Finding, Look, Scene, judged, not_applicable

_TOKEN = "cpe_"  # noqa: S105  how enrolment tokens begin
_BY_HAND = "by hand: docs/how-to/accept-on-windows.md says how"


class Installers(Area):
    """MSI and set-up."""

    def checks(self) -> Mapping[str, Look]:
        return {
            "no token in the installer's log": _no_token,
            "no token in the configuration once enrolled": _forgotten,
            "an upgrade by MSI, with the service running, asks for no restart": lambda _: not_applicable(_BY_HAND),
            "a second upgrade, then a downgrade that is refused": lambda _: not_applicable(_BY_HAND),
        }


def _no_token(scene: Scene) -> Finding:
    if scene.install_log is None:
        return not_applicable("install with msiexec /l*v LOG, then give it: --install-log LOG")
    raw = scene.install_log.read_bytes()
    text = raw.decode("utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8", "replace")
    count = text.count(_TOKEN)
    return judged(is_good=count == 0, seen=f"{count} in {len(text)} characters")


def _forgotten(scene: Scene) -> Finding:
    settings = (scene.home or scene.scratch) / "agent.toml"
    if not settings.is_file():
        return not_applicable("the agent is not installed")
    if not (settings.parent / "state" / "identity.json").is_file():
        return not_applicable("the PC is not enrolled yet")
    is_there = _TOKEN in settings.read_text("utf-8-sig")
    return judged(is_good=not is_there, seen="it is there" if is_there else "none")
