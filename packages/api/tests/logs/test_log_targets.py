"""Pasted lists: each line is found, unknown, ambiguous or there already."""

import pytest

from canopee_api.doors.agent.door import AgentDoor
from canopee_api.errors import InvalidError
from canopee_api.testing import Office, Pc
from canopee_contract.codec import encode
from canopee_contract.log_requests import Resolved, ResolveDevices
from canopee_contract.people import NewEnrolmentTokens
from canopee_contract.practices import Practice, PracticesImport


async def named(office: Office, hostname: str, practice: str) -> Pc:
    """A PC of that name."""
    minted = await office.areas.token_office.mint(NewEnrolmentTokens(practice_id=practice), by="test")
    pc = Pc(AgentDoor(office.areas), office.areas)
    await pc.enrol(minted.tokens[0], hostname=hostname)
    return pc


async def resolved(office: Office, *lines: str) -> Resolved:
    return await office.areas.log_targets.resolve(ResolveDevices(list(lines)))


async def test_a_line_is_an_id_a_name_a_practice_or_a_name_in_a_practice(office: Office) -> None:
    await office.areas.practices.take(encode(PracticesImport([Practice("FR-69-1", "Bellecour")])), by="test")
    desk, server = await named(office, "ACCUEIL-01", "FR-69-1"), await named(office, "SERVEUR", "FR-69-1")
    other = await named(office, "ACCUEIL-01", "FR-69-2")
    found = await resolved(
        office,
        "",
        "  ",
        desk.id.upper(),
        "serveur",
        "fr-69-2",
        "accueil-01",
        "ACCUEIL-01;FR-69-2",
        "PC-9",
        "FR-69-1",
    )
    assert [(one.id, one.asked) for one in found.found] == [
        (desk.id, desk.id.upper()), (server.id, "serveur"), (other.id, "fr-69-2"),
    ]  # fmt: skip
    assert found.not_found == ["PC-9"]
    assert [(one.asked, {pc.id for pc in one.devices}) for one in found.ambiguous] == [
        ("accueil-01", {desk.id, other.id})
    ]
    assert found.duplicates == ["ACCUEIL-01;FR-69-2", "FR-69-1"]
    assert [(one.practice_name, one.consent, one.state) for one in found.found[:1]] == [
        ("Bellecour", "inform", "online")
    ]


async def test_names_are_the_same_whatever_their_accents_and_quotes(office: Office) -> None:
    pc = await named(office, "SECRÉTARIAT", "FR-69-1")
    assert [one.id for one in (await resolved(office, '"secretariat"')).found] == [pc.id]
    assert (await resolved(office, "secretariat,FR-75-1")).found[0].id == pc.id  # no such practice


async def test_a_name_in_another_practice_is_not_found_there(office: Office) -> None:
    await named(office, "ACCUEIL-01", "FR-69-1")
    await named(office, "AUTRE", "FR-69-2")
    found = await resolved(office, "ACCUEIL-01\tFR-69-2")
    assert (found.found, found.not_found) == ([], ["ACCUEIL-01\tFR-69-2"])


async def test_a_line_of_nothing_but_signs_is_unknown_and_too_many_are_refused(office: Office) -> None:
    assert (await resolved(office, ";;", "%", "'", "\\", "01890a5d-ac96-774b-bcce-b302099a8057")).not_found == [
        ";;", "%", "'", "\\", "01890a5d-ac96-774b-bcce-b302099a8057",
    ]  # fmt: skip
    with pytest.raises(InvalidError, match="at most 5000 lines"):
        await resolved(office, *["x"] * 5_001)
