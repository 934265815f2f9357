"""The local policy: what no order can widen, however well it is signed."""

from canopee_contract.pipeline import Limits, Step
from canopee_proofs.hostile import KEY, Repair, World

ROOTS = "program_roots = ['C:\\Program Files']\n"


def the_local_policy_lets_nothing_run(world: World) -> Repair:
    """The kill switch is on; the order is legitimate."""
    return _under(world, "enabled = false\n" + ROOTS)


def the_local_policy_allows_other_steps(world: World) -> Repair:
    """Collections only; the order is legitimate, and acts."""
    return _under(world, 'step_kinds = ["read_registry"]\n' + ROOTS)


def the_local_policy_allows_no_program(world: World) -> Repair:
    """No root of programs; and roots that only begin like the right one."""
    return _under(world, "program_roots = ['C:\\Program Files\\Cab', 'C:\\Program', '/usr/bin']\n")


def a_program_lies_beside_its_root(world: World) -> None:
    """Reached by dots, by a link, by another spelling of the root, as a script, as a stream."""
    machine = world.machine
    machine.programs.install(r"C:\Temp\evil.exe")
    machine.programs.install(r"C:\Program Files Evil\evil.exe")
    machine.programs.install(r"C:\Program Files\Cabinet\evil.bat")
    machine.files.link(r"C:\Program Files\Cabinet\link.exe", r"C:\Temp\evil.exe")
    for number, path in enumerate((
        r"C:\Program Files\..\Temp\evil.exe", r"C:\Program Files Evil\evil.exe", r"C:\Program Files\Cabinet\link.exe",
        r"C:\Program Files\Cabinet\evil.bat", r"C:\Program Files\Cabinet\evil.bat ", r"Temp\evil.exe",
        r"\Temp\evil.exe",
        r"C:\Program Files\Cabinet\repair.exe:evil.exe", "C:/Temp/evil.exe", r"\\?\C:\Temp\evil.exe", "evil.exe", "",
    )):  # fmt: skip
        step = Step("x", "run_program", {"argv": [path]})
        ref = world.publish(step, kind="action", name=f"evil{number}")
        world.order(world.approved(pipeline=ref, parameters={}), ref, parameters={})


def a_key_lies_beside_its_root(world: World) -> None:
    """Registry values outside the roots of the local policy, in every spelling."""
    for number, key in enumerate(
        (r"HKLM\SYSTEM", r"HKLM\SOFTWAREX", r"HKU\S-1-5-18", r"HKLM", r"hklm\sam", "", "\\")
    ):
        world.machine.registry.set(key or "HKLM", "Secret", "x")
        values = [{"name": "a", "key": key, "value": "Secret"}, {"name": "b", "key": KEY, "value": "Version"}]
        ref = world.publish(Step("x", "read_registry", {"values": values}), name=f"evil{number}")
        world.order(None, ref, parameters={})


def a_pipeline_asks_for_more_than_the_ceiling(world: World) -> None:
    """Limits without bounds in a signed pipeline: those of the local policy count. Here: no record at all."""
    world.agent.close()
    policy = world.folder / "policy.toml"
    kept = policy.read_text()
    policy.write_text(kept + "max_records = 0\n")
    world.reopen()
    values = [{"name": "a", "key": KEY, "value": "Version"}]
    limits = Limits(deadline_s=1e9, output_bytes=2**40, records=2**40)
    ref = world.publish(Step("x", "read_registry", {"values": values}), name="evil", limits=limits)
    world.order(None, ref, parameters={})
    world.round()
    world.check_untouched()
    world.agent.close()
    policy.write_text(kept)
    world.reopen()


def _under(world: World, text: str) -> Repair:
    """A legitimate order under another local policy; the administrator puts the usual one back."""
    policy = world.folder / "policy.toml"
    kept = policy.read_text()
    world.agent.close()
    policy.write_text(text)
    world.reopen()
    world.order(world.approved())

    def back() -> None:
        world.agent.close()
        policy.write_text(kept)
        world.reopen()

    return back
