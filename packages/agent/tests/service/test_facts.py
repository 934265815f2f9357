"""Facts: what a machine says of itself, whatever it says, and what the catalog asks of it, whatever it asks."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from canopee_agent.errors import DeniedError
from canopee_agent.fakes import FakeMachine, FakeSystem
from canopee_agent.ports import InstalledProgram, RegistryValue
from canopee_agent.service import facts
from canopee_agent.service.identity import Identity
from canopee_agent.testing import FakeServer
from canopee_contract.codec import encode, inspect
from canopee_contract.condition import Scalar
from canopee_contract.facts import MAX_FACTS, MAX_TEXT, FactSources, RegistryFact, SoftwareFact, facts_hash
from canopee_contract.pipeline import Step
from canopee_kit.clock import FakeClock

KEY = r"HKLM\SOFTWARE\Éditeur\Cabinet"
IDENTITY = Identity("device-1", 1, "C0001", "t", FakeClock().now())


def _collect(machine: FakeMachine, *sources: RegistryFact | SoftwareFact) -> dict[str, Scalar]:
    return facts.collect(machine, IDENTITY, FactSources(spec=1, version=1, sources=sources))


def _registry(machine: FakeMachine, value: RegistryValue) -> Scalar | None:
    machine.registry.set(KEY, "v", value)
    return _collect(machine, RegistryFact("a.v", KEY, "v")).get("a.v")


def _software(pattern: str, *installed: tuple[str, str]) -> Scalar | None:
    machine = FakeMachine("windows")
    machine.system.software_found = tuple(InstalledProgram(name, version, "") for name, version in installed)
    return _collect(machine, SoftwareFact("a.v", pattern)).get("a.v")


@pytest.mark.parametrize("family", ["windows", "linux"])
def test_every_machine_tells_the_standard_facts(family: str) -> None:
    told = facts.collect(FakeMachine("linux" if family == "linux" else "windows"), IDENTITY, None)
    assert (told["os.family"], told["device.id"], told["practice.id"]) == (family, "device-1", "C0001")
    assert {"agent.version", "device.hostname", "os.name", "os.version", "os.arch", "hardware.cores"} <= set(told)


def test_what_a_machine_does_not_say_is_no_fact() -> None:
    machine = FakeMachine("windows")
    machine.system.hardware_found = msgspec.structs.replace(machine.system.hardware_found, maker="", cores=0)
    told = _collect(machine)
    assert "hardware.maker" not in told
    assert "hardware.cores" not in told


@pytest.mark.parametrize(
    ("value", "fact"),
    [
        ("8.1.0", "8.1.0"), ("", ""), (0, 0), (2**63 - 1, 2**63 - 1), (2**63, None), (b"\x00\x01", None),
        (("a", "b"), None), ("nul \0 here", "nul \ufffd here"), ("\udc80", "\ufffd"), ("x" * 5_000, "x" * MAX_TEXT),
        ("é\u200b", "é\u200b"),
    ],
)  # fmt: skip
def test_a_registry_value_becomes_a_fact_that_a_message_can_carry(
    value: RegistryValue, fact: Scalar | None
) -> None:
    found = _registry(FakeMachine("windows"), value)
    assert found == fact
    inspect(encode({"v": found}))


def test_a_value_that_is_missing_denied_or_on_another_system_is_no_fact() -> None:
    source = RegistryFact("a.v", KEY, "v")
    denied = FakeMachine("windows")
    denied.registry.set(KEY, "v", "x")
    denied.registry.deny(r"HKLM\SOFTWARE\Éditeur")
    for machine in (FakeMachine("windows"), FakeMachine("linux"), denied):
        assert "a.v" not in _collect(machine, source)


def test_the_two_views_of_the_registry_are_two_facts() -> None:
    machine = FakeMachine("windows")
    machine.registry.set(KEY, "v", "sixty-four")
    machine.registry.set(KEY, "v", "thirty-two", "32")
    told = _collect(machine, RegistryFact("a.x", KEY, "v"), RegistryFact("a.y", KEY.lower(), "V", "32"))
    assert (told["a.x"], told["a.y"]) == ("sixty-four", "thirty-two")


def test_the_catalog_cannot_change_what_a_pc_is() -> None:
    machine = FakeMachine("windows")
    machine.registry.set(KEY, "v", "somebody-else")
    named = ("device.id", "practice.id", "os.family", "agent.version")
    told = _collect(machine, *(RegistryFact(name, KEY, "v") for name in named))
    assert "somebody-else" not in told.values()


def test_the_version_of_a_program_is_the_highest_of_those_that_are_versions() -> None:
    installed = (
        ("Cabinet 8", "8.9"),
        ("Cabinet 8", "8.10"),
        ("Cabinet 8", "latest"),
        ("Cabinet", "99"),
        ("Xabinet 8", "9"),
    )
    assert _software("Cabinet [0-9]", *installed) == "8.10"
    assert _software("Nothing", *installed) is None
    assert _software("Cabinet 8", ("Cabinet 8", "")) is None


@pytest.mark.parametrize("pattern", ["(", "[a", r"\w+", "a{999}", "x" * 300])
def test_a_pattern_that_this_agent_does_not_understand_costs_one_fact_only(pattern: str) -> None:
    """It raised: one signed mistake in the catalog would have stopped every PC of the fleet."""
    machine = FakeMachine("windows")
    machine.system.software_found = (InstalledProgram("Cabinet", "8.1", ""),)
    told = _collect(machine, SoftwareFact("a.bad", pattern), SoftwareFact("a.good", "Cabinet"))
    assert ("a.bad" in told, told["a.good"]) == (False, "8.1")


def test_no_more_facts_are_sent_than_a_server_takes() -> None:
    machine = FakeMachine("windows")
    machine.registry.set(KEY, "v", "x")
    told = _collect(machine, *(RegistryFact(f"a.f{number}", KEY, "v") for number in range(MAX_FACTS + 50)))
    assert len(told) == MAX_FACTS
    assert told["device.id"] == "device-1"


def test_the_hash_is_that_of_the_content_whatever_the_order_of_the_sources() -> None:
    machine = FakeMachine("windows")
    for name in ("x", "y"):
        machine.registry.set(KEY, name, name)
    sources = [RegistryFact(f"a.{name}", KEY, name) for name in ("x", "y")]
    one, other = _collect(machine, *sources), _collect(machine, *reversed(sources))
    assert facts_hash(one) == facts_hash(other)
    machine.registry.set(KEY, "x", "changed")
    assert facts_hash(_collect(machine, *sources)) != facts_hash(one)


def test_facts_are_read_again_each_hour_and_at_the_check_in_after_the_catalog_changed(tmp_path: Path) -> None:
    server = FakeServer(FakeMachine("windows"), tmp_path)
    server.machine.registry.set(KEY, "v", "one")
    agent = server.agent()
    source = FactSources(spec=1, version=1, sources=(RegistryFact("a.v", KEY, "v"),))
    server.publish_facts(encode(source))
    agent.round()
    assert server.facts["a.v"] == "one"
    server.machine.registry.set(KEY, "v", "two")
    server.machine.clock.advance(60)
    agent.round()
    assert server.facts["a.v"] == "one"
    server.machine.clock.advance(3_600)
    agent.round()
    assert server.facts["a.v"] == "two"
    server.machine.registry.set(KEY, "v", "three")
    server.publish_facts(encode(msgspec.structs.replace(source, version=2)))
    agent.round()
    agent.round()
    assert server.facts["a.v"] == "three"
    agent.close()


def test_facts_are_read_again_after_a_run_which_may_have_changed_them(tmp_path: Path) -> None:
    server = FakeServer(FakeMachine("windows"), tmp_path)
    server.machine.registry.set(KEY, "v", "one")
    server.publish_facts(encode(FactSources(spec=1, version=1, sources=(RegistryFact("a.v", KEY, "v"),))))
    agent = server.agent()
    agent.round()
    server.order(server.publish(Step("hardware", "collect_hardware")))
    agent.round()
    server.machine.registry.set(KEY, "v", "two")
    agent.round()
    assert server.facts["a.v"] == "two"
    server.machine.registry.set(KEY, "v", "three")
    agent.round()
    assert server.facts["a.v"] == "two"
    agent.close()


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"type":"fact_sources","spec":2,"version":1,"sources":[]}', b"\xff"]
)
def test_a_catalog_of_facts_of_another_time_costs_no_standard_fact(tmp_path: Path, content: bytes) -> None:
    server = FakeServer(FakeMachine("windows"), tmp_path)
    server.publish_facts(content)
    agent = server.agent()
    agent.round()
    agent.close()
    assert server.facts["os.family"] == "windows"


class _Closed(FakeSystem):
    """A machine that does not let its programs be listed."""

    def software(self) -> Sequence[InstalledProgram]:
        raise DeniedError("access is denied")


def test_a_machine_that_hides_its_programs_tells_its_other_facts() -> None:
    machine = FakeMachine("windows")
    machine.system = _Closed("windows")
    machine.registry.set(KEY, "v", "8.1")
    told = _collect(machine, SoftwareFact("a.software", ".*"), RegistryFact("a.registry", KEY, "v"))
    assert told["a.registry"] == "8.1"
    assert "a.software" not in told
