"""The step kind `collect_hardware`."""

from collections.abc import Generator
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from canopee_agent.ports import Hardware, Machine
from canopee_agent.step import Ceiling, StepKind, clean_text


class CollectHardwareParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """There is nothing to choose."""


class VolumeRecord(msgspec.Struct, frozen=True):
    """One mounted volume."""

    mount: Annotated[str, Meta(description="Where it is mounted, such as `C:\\` or `/`.")]
    file_system: Annotated[str, Meta(description="Such as `NTFS` or `ext4`.")]
    total_bytes: Annotated[int, Meta(description="Size of the volume.", extra={"unit": "By"})]
    free_bytes: Annotated[int, Meta(description="Free space on the volume.", extra={"unit": "By"})]


class NetworkCardRecord(msgspec.Struct, frozen=True):
    """One network interface."""

    name: Annotated[str, Meta(description="Name of the interface.")]
    mac: Annotated[str, Meta(description="Hardware address.", extra={"ecs": "host.mac", "personal": "technical"})]
    addresses: Annotated[
        tuple[str, ...], Meta(description="IP addresses.", extra={"ecs": "host.ip", "personal": "technical"})
    ]


class CollectHardwareRecord(msgspec.Struct, frozen=True):
    """The machine at one moment; an empty text or 0 where it does not say."""

    hostname: Annotated[
        str, Meta(description="Name of the machine.", extra={"ecs": "host.hostname", "personal": "technical"})
    ]
    os_name: Annotated[str, Meta(description="Operating system.", extra={"ecs": "host.os.name"})]
    os_version: Annotated[str, Meta(description="Its dotted version.", extra={"ecs": "host.os.version"})]
    arch: Annotated[str, Meta(description="`x86_64` or `arm64`.", extra={"ecs": "host.architecture"})]
    maker: Annotated[str, Meta(description="Who made the machine.")]
    model: Annotated[str, Meta(description="The maker's model name.")]
    serial: Annotated[str, Meta(description="The maker's serial number.", extra={"personal": "technical"})]
    bios_version: Annotated[str, Meta(description="Version of the firmware.")]
    cpu_name: Annotated[str, Meta(description="Name of the processor.")]
    cores: Annotated[int, Meta(description="Physical cores.")]
    threads: Annotated[int, Meta(description="Logical processors.")]
    memory_bytes: Annotated[int, Meta(description="Memory installed.", extra={"unit": "By"})]
    volumes: Annotated[tuple[VolumeRecord, ...], Meta(description="Mounted volumes.")]
    network_cards: Annotated[tuple[NetworkCardRecord, ...], Meta(description="Network interfaces.")]


class CollectHardwareOutputs(msgspec.Struct, frozen=True):
    """What later steps may decide upon."""

    cores: Annotated[int, Meta(description="Physical cores.")]
    memory_bytes: Annotated[int, Meta(description="Memory installed.", extra={"unit": "By"})]


class CollectHardware(StepKind[CollectHardwareParameters]):
    r"""Says what the machine is made of: processor, memory, volumes, network, firmware.

    It takes no parameter, starts no program and reads no file of the user's. It yields one record, on any
    platform; what the machine does not say is empty or 0.

    Example:
        steps:
          - id: hardware
            use: collect_hardware
          - id: warn
            use: run_program
            when: {fact: steps.hardware.memory_bytes, op: lt, value: 4294967296}
            with: {argv: ['C:\Program Files\Cabinet\warn.exe', memory]}
    """

    Parameters = CollectHardwareParameters
    Record = CollectHardwareRecord
    Outputs = CollectHardwareOutputs
    effect: ClassVar[Literal["collect", "action"]] = "collect"

    def run(
        self,
        machine: Machine,
        parameters: CollectHardwareParameters,  # noqa: ARG002  the shape of a step kind
        ceiling: Ceiling,  # noqa: ARG002
    ) -> Generator[msgspec.Struct, None, Any]:
        hardware = machine.system.hardware()
        yield _record(machine, hardware)
        return CollectHardwareOutputs(cores=hardware.cores, memory_bytes=hardware.memory_bytes)


def _record(machine: Machine, hardware: Hardware) -> CollectHardwareRecord:
    platform = machine.system.platform()
    return CollectHardwareRecord(
        hostname=clean_text(platform.hostname),
        os_name=clean_text(platform.name),
        os_version=platform.version,
        arch=platform.arch,
        maker=clean_text(hardware.maker),
        model=clean_text(hardware.model),
        serial=clean_text(hardware.serial),
        bios_version=clean_text(hardware.bios_version),
        cpu_name=clean_text(hardware.cpu_name),
        cores=hardware.cores,
        threads=hardware.threads,
        memory_bytes=hardware.memory_bytes,
        volumes=tuple(
            VolumeRecord(clean_text(v.mount), v.file_system, v.total_bytes, v.free_bytes) for v in hardware.volumes
        ),
        network_cards=tuple(
            NetworkCardRecord(clean_text(card.name), card.mac, card.addresses) for card in hardware.network_cards
        ),
    )
