"""Plausible Windows PCs of French practices: everything follows from a seed and the device's number.

The same number always gives the same PC, so that a fleet can be described without being stored.
"""

import hashlib
import random

import msgspec

from canopee_contract.condition import Scalar

AGENT_VERSION = "0.1.0"
PCS_PER_PRACTICE = 5

_CITIES = (
    ("PARIS", "75"), ("LYON", "69"), ("MARSEILLE", "13"), ("TOULOUSE", "31"), ("NICE", "06"), ("NANTES", "44"),
    ("MONTPELLIER", "34"), ("STRASBOURG", "67"), ("BORDEAUX", "33"), ("LILLE", "59"), ("RENNES", "35"),
    ("REIMS", "51"), ("TOULON", "83"), ("GRENOBLE", "38"), ("DIJON", "21"), ("ANGERS", "49"), ("NIMES", "30"),
    ("BREST", "29"), ("LIMOGES", "87"), ("TOURS", "37"), ("AMIENS", "80"), ("PERPIGNAN", "66"), ("METZ", "57"),
    ("BESANCON", "25"), ("ORLEANS", "45"), ("ROUEN", "76"), ("CAEN", "14"), ("NANCY", "54"), ("AJACCIO", "2A"),
    ("POITIERS", "86"), ("PAU", "64"), ("ANNECY", "74"), ("QUIMPER", "29"), ("AURILLAC", "15"),
)  # fmt: skip
_ROLES = ("ACCUEIL", "CABINET1", "CABINET2", "RADIO", "SERVEUR")
_SYSTEMS = (
    ("Windows 11 Pro", "10.0.26100.4652", 30),
    ("Windows 11 Pro", "10.0.22631.5335", 28),
    ("Windows 11 Famille", "10.0.22631.5335", 6),
    ("Windows 10 Pro", "10.0.19045.5965", 30),
    ("Windows 10 Pro", "10.0.19044.1889", 6),
)
_MODELS = (
    ("Dell Inc.", "OptiPlex 3080", "Intel(R) Core(TM) i5-10505 CPU @ 3.20GHz", 6, 8, 18),
    ("Dell Inc.", "OptiPlex 7010", "13th Gen Intel(R) Core(TM) i5-13500", 14, 16, 20),
    ("HP", "HP ProDesk 400 G7", "Intel(R) Core(TM) i5-10500 CPU @ 3.10GHz", 6, 8, 16),
    ("HP", "HP Elite Mini 600 G9", "12th Gen Intel(R) Core(TM) i5-12500T", 6, 16, 14),
    ("LENOVO", "ThinkCentre M70q", "Intel(R) Core(TM) i5-10400T CPU @ 2.00GHz", 6, 8, 16),
    ("LENOVO", "ThinkBook 15 G4", "AMD Ryzen 5 5625U with Radeon Graphics", 6, 16, 8),
    ("FUJITSU", "ESPRIMO P558", "Intel(R) Core(TM) i3-9100 CPU @ 3.60GHz", 4, 4, 8),
)
_PRODUCT = (
    ("7.9.4", 8), ("8.0.2", 14), ("8.1.0", 12), ("8.1.3", 16), ("8.2.0", 20), ("8.2.1", 18), ("8.3.0", 12),
)  # fmt: skip


class Pc(msgspec.Struct, frozen=True):
    """One simulated PC, as its own facts and records will tell it."""

    number: int
    hostname: str
    practice_id: str
    """External id of the practice in the vendor's customer system."""
    city: str
    os_name: str
    os_version: str
    maker: str
    model: str
    serial: str
    cpu_name: str
    cores: int
    memory_bytes: int
    disk_bytes: int
    free_bytes: int
    mac: str
    address: str
    product_version: str
    product_edition: str
    fingerprint: str


def practice_of(number: int) -> str:
    """External id of the practice that holds PC `number` (from 0): `FR-69-00012`."""
    practice = number // PCS_PER_PRACTICE
    _, department = _CITIES[practice % len(_CITIES)]
    return f"FR-{department}-{practice:05d}"


def pc(number: int, seed: int = 0) -> Pc:
    """PC `number` (from 0) of the fleet of `seed`."""
    drawn = random.Random(f"{seed}/{number}")  # noqa: S311  a plausible fleet, not a secret
    practice, place = divmod(number, PCS_PER_PRACTICE)
    city, _ = _CITIES[practice % len(_CITIES)]
    system = drawn.choices(_SYSTEMS, [weight for *_, weight in _SYSTEMS])[0]
    maker, model, cpu_name, cores, gigabytes, _ = drawn.choices(_MODELS, [row[-1] for row in _MODELS])[0]
    disk_bytes = drawn.choice((256, 512, 512, 1000)) * 10**9
    # A practice is updated as a whole: its PCs have one product version.
    shared = random.Random(f"{seed}/practice/{practice}")  # noqa: S311  as above
    version = shared.choices(_PRODUCT, [weight for _, weight in _PRODUCT])[0][0]
    return Pc(
        number=number,
        hostname=f"{city[:5]}{practice:04d}-{_ROLES[place][:4]}{place + 1}"[:15],
        practice_id=practice_of(number),
        city=city,
        os_name=system[0],
        os_version=system[1],
        maker=maker,
        model=model,
        serial=f"{drawn.getrandbits(40):010X}",
        cpu_name=cpu_name,
        cores=cores,
        memory_bytes=gigabytes * 2**30,
        disk_bytes=disk_bytes,
        free_bytes=int(disk_bytes * drawn.uniform(0.04, 0.8)),
        mac=":".join(f"{byte:02x}" for byte in (0x02, *drawn.randbytes(5))),
        address=f"192.168.{1 + practice % 4}.{10 + place}",
        product_version=version,
        product_edition=shared.choice(("standard", "premium")),
        fingerprint=hashlib.sha256(f"{seed}/{number}/fingerprint".encode()).hexdigest(),
    )


def facts_of(machine: Pc, *, device_id: str, practice_id: str) -> dict[str, Scalar]:
    """The facts this PC sends once it knows its identity."""
    return {
        "agent.version": AGENT_VERSION,
        "device.hostname": machine.hostname,
        "device.id": device_id,
        "hardware.cores": machine.cores,
        "hardware.maker": machine.maker,
        "hardware.memory_bytes": machine.memory_bytes,
        "hardware.model": machine.model,
        "os.arch": "x86_64",
        "os.family": "windows",
        "os.name": machine.os_name,
        "os.version": machine.os_version,
        "practice.id": practice_id,
        "product.edition": machine.product_edition,
        "product.version": machine.product_version,
    }
