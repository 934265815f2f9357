"""Events of Windows as lines, without who was logged on and without personal data."""

import io
import zipfile
from typing import Any

import msgspec
import pytest

from canopee_agent.errors import DeniedError, NothingFoundError, NotSupportedError, StepError
from canopee_agent.event_lines import line_of, query
from canopee_agent.fakes import FakeMachine
from canopee_agent.ports import Event
from canopee_agent.step import Ceiling
from canopee_agent.steps.read_event_log import ReadEventLog, ReadEventLogParameters
from canopee_contract.log_manifest import MANIFEST, LogManifest

CEILING = Ceiling(event_channels=("Application", "system"))
XML = """<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>
<Provider Name='Application Error'/><EventID Qualifiers='0'>1000</EventID><Version>0</Version><Level>2</Level>
<TimeCreated SystemTime='2026-11-20T07:30:15.1234567Z'/><EventRecordID>4711</EventRecordID>
<Computer>ACCUEIL-01.cabinet.local</Computer><Security UserID='S-1-5-21-1-2-3-1001'/></System>
<EventData><Data>cabinet.exe</Data><Data Name='path'>C:\\Users\\jdupont\\x.exe</Data><Data/></EventData></Event>"""


def read(
    machine: FakeMachine,
    ceiling: Ceiling = CEILING,
    **fields: Any,  # noqa: ANN401  fields of the parameters
) -> tuple[Any, LogManifest, dict[str, str]]:
    record = next(ReadEventLog().run(machine, ReadEventLogParameters(**fields), ceiling))
    with zipfile.ZipFile(io.BytesIO(machine.outgoing.files["events.zip"])) as opened:
        texts = {name: opened.read(name).decode() for name in opened.namelist()}
    return record, msgspec.json.decode(texts.pop(MANIFEST), type=LogManifest), texts


@pytest.fixture
def machine() -> FakeMachine:
    machine = FakeMachine("windows")
    machine.events.logs = {
        "Application": [Event(XML), Event(XML, "Appelez le 06 12 34 56 78\r\n\tmerci")],
        "System": [],
    }
    return machine


def test_events_are_lines_without_personal_data(machine: FakeMachine) -> None:
    record, manifest, texts = read(machine)
    assert texts == {
        "Application.log": "2026-11-20T07:30:15.1234567Z ERROR 1000 [Application Error] cabinet.exe;"
        " path=C:\\Users\\[user_folder]\\x.exe\n"
        "2026-11-20T07:30:15.1234567Z ERROR 1000 [Application Error] Appelez le [phone_number] merci\n"
    }
    assert (record.events, record.left_out, [one.path for one in manifest.files]) == (2, 0, ["Application"])
    assert manifest.redacted == {"phone_number": 1, "user_folder": 1}
    whole = machine.outgoing.files["events.zip"] + "".join(texts.values()).encode()
    assert not any(value in whole for value in (b"S-1-5-21", b"ACCUEIL", b"jdupont"))


def test_only_the_newest_events_and_those_that_were_asked_for(machine: FakeMachine) -> None:
    record, manifest, _ = read(machine, max_events=1, days=2, levels=("error",), providers=("Cabinet",))
    assert (record.events, manifest.files[0].is_cut) == (1, True)
    since = f"{machine.clock.now().date().isoformat()}"
    assert machine.events.queries[0].startswith("*[System[(Level=2) and TimeCreated[@SystemTime>='")
    assert machine.events.queries[0].endswith("Z'] and Provider[@Name='Cabinet']]]")
    assert since > machine.events.queries[0].partition(">='")[2][:10]


def test_a_log_that_is_not_there_or_not_allowed_is_left_out_and_said(machine: FakeMachine) -> None:
    record, manifest, _ = read(machine, channels=("Application", "Security", "SYSTEM"))
    assert record.left_out == 2
    assert "add it to event_channels" in manifest.left_out[0].why
    assert "there is no event log" in manifest.left_out[1].why


def test_where_there_is_nothing_to_send_the_step_says_why(machine: FakeMachine) -> None:
    with pytest.raises(DeniedError, match="event_channels"):
        read(machine, channels=("Security",))
    with pytest.raises(NothingFoundError, match="no such event"):
        read(machine, channels=("System",))
    with pytest.raises(NotSupportedError, match="no event logs"):
        read(FakeMachine("linux"))


@pytest.mark.parametrize("xml", ["", "<Event", "<!DOCTYPE a [<!ENTITY b 'c'>]><Event>&b;</Event>", "<a>" * 300])
def test_an_event_that_cannot_be_read_is_a_line_that_says_so(xml: str) -> None:
    line = line_of(Event(xml))
    assert line.startswith("? an event that cannot be read")
    assert line.count("\n") == 1


def test_an_event_that_lacks_everything_is_still_a_line() -> None:
    assert line_of(Event("<Event/>")) == "? ? ? [?]\n"
    assert line_of(Event("<Event><System><Level>9</Level></System></Event>")) == "? 9 ? [?]\n"


def test_no_name_of_a_provider_leaves_its_place_in_the_query() -> None:
    with pytest.raises(StepError, match="no name of a provider"):
        query((), "", ("x'] or *[",))
    assert query((), "", ()) == "*"
    assert query(("information", "critical"), "", ()) == "*[System[(Level=0 or Level=1 or Level=4)]]"
