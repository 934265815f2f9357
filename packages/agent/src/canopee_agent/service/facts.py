"""The facts of this machine: the standard ones, and those that the catalog names."""

from collections.abc import Sequence

from canopee_agent import __version__
from canopee_agent.errors import DeniedError, MissingError, NotSupportedError
from canopee_agent.ports import InstalledProgram, Machine
from canopee_agent.service.identity import Identity
from canopee_agent.step import clean_text
from canopee_agent.steps.collect_software import highest_version
from canopee_contract.condition import Scalar
from canopee_contract.errors import PatternError
from canopee_contract.facts import MAX_FACTS, MAX_TEXT, FactSources, RegistryFact, SoftwareFact
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_LARGEST = 2**63 - 1


def collect(machine: Machine, identity: Identity, sources: FactSources | None) -> dict[str, Scalar]:
    """Every fact that this machine knows; empty texts and zeros are left out."""
    platform, hardware = machine.system.platform(), machine.system.hardware()
    standard: dict[str, Scalar] = {
        "agent.update_failed": machine.releases.returned if machine.releases else "",
        "agent.version": __version__,
        "device.hostname": platform.hostname,
        "device.id": identity.device_id,
        "hardware.cores": hardware.cores,
        "hardware.maker": hardware.maker,
        "hardware.memory_bytes": hardware.memory_bytes,
        "hardware.model": hardware.model,
        "os.arch": platform.arch,
        "os.family": platform.family,
        "os.name": platform.name,
        "os.version": platform.version,
        "practice.id": identity.practice_id,
    }
    facts = {name: _clean(value) for name, value in standard.items() if value not in {"", 0}}
    named = sources.sources if sources else ()
    software = _software(machine) if any(isinstance(source, SoftwareFact) for source in named) else ()
    for source in named:
        value = _known(machine, source, software)
        if value is not None and len(facts) < MAX_FACTS:
            facts.setdefault(source.name, _clean(value))
    return facts


def _software(machine: Machine) -> Sequence[InstalledProgram]:
    try:
        return machine.system.software()
    except DeniedError as error:  # the other facts do not depend on it
        _log.warning("the installed programs cannot be read: %s", error.message)
        return ()


def _known(
    machine: Machine, source: RegistryFact | SoftwareFact, installed: Sequence[InstalledProgram]
) -> Scalar | None:
    if isinstance(source, RegistryFact):
        return _registry(machine, source)
    try:
        return highest_version(source.display_name, installed)
    except PatternError as error:  # of a newer language, or wrong: the other facts do not depend on it
        _log.warning("the fact %s has no value here: %s", source.name, error.message)
        return None


def _registry(machine: Machine, source: RegistryFact) -> Scalar | None:
    try:
        value = machine.registry.value(source.key, source.value, source.view)
    except (MissingError, DeniedError, NotSupportedError):
        return None
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST else None
    return value if isinstance(value, str) else None


def _clean(value: Scalar) -> Scalar:
    return clean_text(value)[:MAX_TEXT] if isinstance(value, str) else value
