r"""What a security descriptor says, read from its text form (SDDL): pure, so that it is tested anywhere.

O:BAG:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)      owner, group, then who may what
"""

import re

PRIVATE = "O:BAG:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
"""SYSTEM and the administrators may everything, nobody else anything; nothing is inherited from above."""
READABLE = f"{PRIVATE}(A;OICI;0x1200a9;;;BU)"
"""The same, and users may read and run: what Program Files gives."""
DROP = "O:BAG:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;;0x1000a2;;;BU)(A;OIIO;0x110082;;;CO)"
"""Users may leave a file (and write it and take it back), and list and read nothing; no folder of theirs is made."""
UNLISTED = f"{PRIVATE}(A;;0x1000a0;;;BU)(A;OIIO;FR;;;BU)"
"""Users may read a file whose name they know, and list nothing."""
_TRUSTED = frozenset({"SY", "BA", "S-1-5-18", "S-1-5-32-544"})
_READERS = frozenset({"BU", "S-1-5-32-545"})
_FULL, _READ = frozenset({"FA", "0x1f01ff", "GA"}), frozenset({"0x1200a9", "FRFX"})
_FILE_READ = frozenset({"FR", "0x120089"})
_WAYS = {"full": _FULL, "read": _READ, "file read": _FILE_READ}
_DACL = re.compile(r"D:([A-Z]*)((?:\([^()]*\))*)")
_ACE = re.compile(r"\(([^()]*)\)")
_FIELDS = 6


def owner(descriptor: str) -> str:
    """`BA`, `SY`, or a SID; empty when the text names none."""
    found = re.match(r"O:(S-[0-9-]+|[A-Z]{2})", descriptor)
    return found[1] if found else ""


def is_trusted(account: str) -> bool:
    """Whether only SYSTEM or an administrator can act as `account`."""
    return account in _TRUSTED


def is_kept(descriptor: str, wanted: str) -> bool:
    """Whether `descriptor` gives what `wanted` does, and no more: owner, no inheritance, the same entries."""
    asked, found = _DACL.search(wanted), _DACL.search(descriptor)
    if asked is None or found is None or "P" not in found[1] or not is_trusted(owner(descriptor)):
        return False
    return _entries(found[2]) == _entries(asked[2])


def _entries(text: str) -> frozenset[tuple[str, ...]] | None:
    """Entries in one spelling; `None` when one is of a kind that we never write."""
    entries: set[tuple[str, ...]] = set()
    for ace in _ACE.findall(text):
        fields = str(ace).split(";")
        if len(fields) != _FIELDS or fields[3] or fields[4]:
            return None
        kind, flags, rights, _, _, account = fields
        entries.add((kind, flags, _spelled(rights), _group(account)))
    return frozenset(entries)


def _spelled(rights: str) -> str:
    return next((name for name, ways in _WAYS.items() if rights in ways), rights)


def _group(account: str) -> str:
    if account in {"SY", "S-1-5-18"}:
        return "SY"
    if account in {"BA", "S-1-5-32-544"}:
        return "BA"
    if account in {"CO", "S-1-3-0"}:
        return "CO"
    return "BU" if account in _READERS else account
