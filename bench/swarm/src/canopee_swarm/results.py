"""What a simulated PC answers when it runs a step: records and outputs of the shapes that real agents send."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from canopee_contract.condition import Scalar
from canopee_swarm import file_results, log_results
from canopee_swarm.fleet import Pc

_GIGABYTE_FREE = 10**9
_LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def records_of(use: str, machine: Pc, with_: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records of one step; none for a kind that is not simulated."""
    if use == "collect_logs":
        return [log_results.record_of(log_results.archive_of(machine, _LONG_AGO))]
    if use == "collect_hardware":
        return [_hardware(machine)]
    if use == "read_registry":
        return [_registry_value(machine, value) for value in with_.get("values", ())]
    if use == "run_program":
        return [
            {
                "exit_code": 0, "timed_out": False, "duration_s": 0.4, "output": "ok\r\n", "output_bytes": 4,
                "is_cut": False,
            }
        ]  # fmt: skip
    if use == "control_service":
        return [_no_service(with_)]
    return file_results.records_of(use, machine, with_)


def outputs_of(use: str, machine: Pc, with_: Mapping[str, Any]) -> dict[str, Scalar]:
    """What later steps may decide upon."""
    if use == "collect_logs":
        return log_results.outputs_of(log_results.archive_of(machine, _LONG_AGO))
    if use == "collect_hardware":
        return {"cores": machine.cores, "memory_bytes": machine.memory_bytes}
    if use == "run_program":
        return {"exit_code": 0, "first_line": "ok"}
    if use == "control_service":
        return {"found": "missing", "reached": "missing", "start": "other", "changed": False}
    return file_results.outputs_of(use, machine, with_)


def _hardware(machine: Pc) -> dict[str, Any]:
    return {
        "hostname": machine.hostname, "os_name": machine.os_name, "os_version": machine.os_version, "arch": "x86_64",
        "maker": machine.maker, "model": machine.model, "serial": machine.serial, "bios_version": "1.18.0",
        "cpu_name": machine.cpu_name, "cores": machine.cores, "threads": machine.cores * 2,
        "memory_bytes": machine.memory_bytes,
        "volumes": [
            {
                "mount": "C:\\", "file_system": "NTFS", "total_bytes": machine.disk_bytes,
                "free_bytes": max(machine.free_bytes, _GIGABYTE_FREE),
            }
        ],
        "network_cards": [{"name": "Ethernet", "mac": machine.mac, "addresses": [machine.address]}],
    }  # fmt: skip


def _no_service(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """No simulated PC has the service that is asked for."""
    return {
        "service": wanted.get("service", ""), "display_name": "", "action": wanted.get("action", "query"),
        "found": "missing", "found_start": "other", "reached": "missing", "reached_start": "other", "exit_code": 0,
        "duration_s": 0.1,
    }  # fmt: skip


def _registry_value(machine: Pc, wanted: Mapping[str, Any]) -> dict[str, Any]:
    known = {"version": machine.product_version, "edition": machine.product_edition}
    text = known.get(str(wanted.get("name", "")).lower())
    return {
        "name": wanted.get("name", ""), "key": wanted.get("key", ""), "value": text or "",
        "type": "text" if text else "missing", "found": text is not None,
    }  # fmt: skip
