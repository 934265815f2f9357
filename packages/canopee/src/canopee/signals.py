"""`--halt-if`: what halts a campaign, as people write it on the command line."""

import re
from pathlib import Path

import msgspec

from canopee.documents import read_condition, read_document
from canopee.errors import UsageError
from canopee_contract.signal import Signal, fault

FORMS = (
    "'5% CONDITION' (file or JSON), '2% dataset:NAME', '100 dataset:NAME' (records in all), or a file of a signal"
)
_LIMITED = re.compile(r"([0-9]{1,9}) ?(%?) +(\S.*)", re.DOTALL)
_DATASET = "dataset:"


def signal(text: str) -> Signal:
    """A signal as `FORMS` says; raises `UsageError`."""
    found = _limited(text.strip())
    if wrong := fault([found]).partition(": ")[2]:
        raise UsageError(f"--halt-if {text}: {wrong}")
    return found


def _limited(text: str) -> Signal:
    written = _LIMITED.fullmatch(text)
    if written is None:
        if not Path(text).is_file():
            raise UsageError(f"--halt-if {text}: write {FORMS}")
        return read_document(Path(text), Signal)
    number, is_share, what = int(written[1]), bool(written[2]), written[3]
    limits = {"max_pct": number} if is_share else {"max_records": number}
    if what.startswith(_DATASET):
        return msgspec.convert({"dataset": what.removeprefix(_DATASET), **limits}, Signal)
    if not is_share:
        raise UsageError(f"--halt-if {text}: a number counts records of a dataset; a condition has a share, as 5%")
    return Signal(condition=read_condition(what), max_pct=number)
