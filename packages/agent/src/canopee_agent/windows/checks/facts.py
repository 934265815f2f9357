"""Facts: what the machine says of itself, where Wine says little."""

from collections.abc import Mapping

from canopee_agent.windows.acceptance import Area, Finding, Look, Scene, judged, not_applicable

_OLDEST = 10


class Facts(Area):
    """What the agent reads of the hardware and of the software."""

    def checks(self) -> Mapping[str, Look]:
        return {
            "maker, model and serial number": _firmware,
            "memory, processor and volumes": _hardware,
            "installed software": _software,
            "name and build of Windows": _windows,
            "serial numbers of disks": lambda _: not_applicable("this version collects none"),
            "antivirus, BitLocker, Windows Update, local groups": lambda _: not_applicable(
                "this version collects none"
            ),
        }


def _firmware(scene: Scene) -> Finding:
    found = scene.machine.system.hardware()
    lengths = {"maker": len(found.maker), "model": len(found.model), "serial": len(found.serial)}
    return judged(is_good=all(lengths.values()), seen=f"characters: {lengths}")


def _hardware(scene: Scene) -> Finding:
    found = scene.machine.system.hardware()
    seen = (
        f"{found.memory_bytes >> 20} MiB, {found.cores} cores, {found.threads} threads, {len(found.volumes)} volumes, "
        f"{len(found.network_cards)} cards"
    )
    is_good = found.memory_bytes > 0 < found.cores and bool(found.cpu_name) and bool(found.volumes)
    return judged(is_good=is_good, seen=seen)


def _software(scene: Scene) -> Finding:
    found = scene.machine.system.software()
    return judged(
        is_good=bool(found), seen=f"{len(found)} programs, {sum(not one.version for one in found)} without version"
    )


def _windows(scene: Scene) -> Finding:
    found = scene.machine.system.platform()
    parts = found.version.split(".")
    is_known = len(parts) == 4 and int(parts[0]) >= _OLDEST  # noqa: PLR2004  the revision too
    is_good = found.name.startswith("Windows") and is_known
    return judged(is_good=is_good, seen=f"{found.name} {found.version} {found.arch}")
