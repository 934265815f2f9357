import asyncio

import msgspec
import pytest

from canopee_api.errors import ConflictError
from canopee_api.testing import Office
from canopee_contract.dataset import Dataset, Field

ONE = Dataset("measure", 1, "Measure", "a test", 30, (Field("value", "number", "It.", required=True),))
MORE = msgspec.structs.replace(ONE, fields=(*ONE.fields, Field("place", "text", "Where.")))


def _held(office: Office) -> Dataset | None:
    shape = office.areas.datasets.shape("measure", 1)
    return shape.dataset if shape else None


async def test_a_dataset_is_created_then_unchanged_then_extended(office: Office) -> None:
    applied = [(await office.areas.datasets.apply(one, by="test")).change for one in (ONE, ONE, MORE)]
    assert applied == ["created", "unchanged", "updated"]
    assert _held(office) == MORE


@pytest.mark.parametrize(
    "after",
    [
        msgspec.structs.replace(ONE, fields=()),
        msgspec.structs.replace(ONE, fields=(Field("value", "text", "It.", required=True),)),
        msgspec.structs.replace(ONE, fields=(*ONE.fields, Field("place", "text", "Where.", required=True))),
        msgspec.structs.replace(ONE, managed_by="ihm"),
    ],
)
async def test_a_change_that_old_agents_could_not_follow_is_refused(office: Office, after: Dataset) -> None:
    await office.areas.datasets.apply(ONE, by="test")
    with pytest.raises(ConflictError):
        await office.areas.datasets.apply(after, by="test")
    assert _held(office) == ONE


async def test_the_dataset_of_losses_belongs_to_canopee(office: Office) -> None:
    with pytest.raises(ConflictError, match="choose another name"):
        await office.areas.datasets.apply(msgspec.structs.replace(ONE, name="gap"), by="test")


async def test_fields_added_at_once_by_several_people_are_all_kept(office: Office) -> None:
    await office.areas.datasets.apply(ONE, by="test")
    added = [msgspec.structs.replace(ONE, fields=(*ONE.fields, Field(name, "text", "It."))) for name in "abcd"]
    answers = await asyncio.gather(
        *(office.areas.datasets.apply(one, by="test") for one in added), return_exceptions=True
    )
    assert sum(isinstance(answer, ConflictError) for answer in answers) == 3  # they saw the first one's field
    await office.areas.datasets.reload()
    held = _held(office)
    assert held is not None
    assert len(held.fields) == 2
