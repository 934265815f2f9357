import asyncio
import base64
from pathlib import Path

import pytest

from canopee_api.catalog.online_keys import OnlineKeys
from canopee_api.doors.areas import Areas
from canopee_api.errors import ConflictError, InvalidError, NotFoundError, ServerError
from canopee_api.testing import Office
from canopee_contract.codec import decode, encode
from canopee_contract.people import Publication
from canopee_contract.pipeline import Pipeline, Step, target_path
from canopee_kit.clock import FakeClock
from canopee_trust.ceremony import sign_targets
from canopee_trust.errors import PublicationError


def _pipeline(version: int = 1, title: str = "t") -> dict[str, bytes]:
    steps = (Step("only", "collect_hardware"),)
    pipeline = Pipeline(spec=1, name="inventory", version=version, kind="collect", title=title, steps=steps)
    return {target_path("collect", "inventory", version): encode(pipeline)}


async def test_before_the_first_publication_nothing_can_be_ordered(areas: Areas) -> None:
    with pytest.raises(ConflictError, match="publish"):
        _ = areas.trust.policy


async def test_a_published_pipeline_is_served_byte_for_byte(office: Office) -> None:
    content = _pipeline()
    await office.publish(content)
    ref = office.areas.trust.pipeline("inventory").ref
    folder, _, name = ref.path.rpartition("/")
    assert await office.areas.trust.target_file(f"{folder}/{ref.sha256}.{name}") == content[ref.path]


async def test_the_newest_version_is_meant_when_none_is_named(office: Office) -> None:
    await office.publish(_pipeline(1) | _pipeline(2))
    assert office.areas.trust.pipeline("inventory").ref.version == 2
    assert office.areas.trust.pipeline("inventory@1").ref.version == 1


async def test_every_publication_raises_the_timestamp_that_devices_are_told(office: Office) -> None:
    before = office.areas.trust.timestamp_version
    await office.publish(_pipeline())
    assert office.areas.trust.timestamp_version == before + 1


async def test_one_byte_changed_in_a_publication_is_refused_and_nothing_of_it_is_stored(
    office: Office, keys: Path
) -> None:
    newest = {role: base64.b64decode(raw) for role, raw in (await office.areas.trust.newest()).roles.items()}
    good = sign_targets(newest, _pipeline(), keys / "offline", office.areas.clock.now())
    target = next(iter(good.targets))
    for spoiled in (
        Publication(good.metadata, {target: _spoiled(good.targets[target])}),
        Publication({"collect": _spoiled(good.metadata["collect"])}, good.targets),
        Publication(good.metadata, {}),
        Publication({}, good.targets),
        Publication({"collect": good.metadata["collect"], "snapshot": good.metadata["collect"]}, good.targets),
    ):
        with pytest.raises(PublicationError):
            await office.areas.trust.publish(spoiled, by="test")
    with pytest.raises(NotFoundError):
        office.areas.trust.pipeline("inventory")


async def test_a_published_pipeline_never_changes_under_its_version(office: Office) -> None:
    await office.publish(_pipeline(title="one"))
    with pytest.raises(PublicationError, match="raise its version"):
        await office.publish(_pipeline(title="two"))


async def test_the_first_publication_twice_is_refused_the_second_time(office: Office, keys: Path) -> None:
    first = decode((keys / "publication.json").read_bytes(), Publication)
    with pytest.raises(PublicationError):
        await office.areas.trust.publish(first, by="test")


async def test_what_is_not_base64_is_said_to_be_so(office: Office) -> None:
    with pytest.raises(InvalidError, match="base64"):
        await office.areas.trust.publish(Publication({"collect": "é"}), by="test")


async def test_the_online_metadata_is_signed_again_before_it_expires(office: Office, clock: FakeClock) -> None:
    before = office.areas.trust.timestamp_version
    await office.areas.trust.keep_fresh()
    assert office.areas.trust.timestamp_version == before
    clock.advance(4 * 86_400)
    await office.areas.trust.keep_fresh()
    assert office.areas.trust.timestamp_version == before + 1


@pytest.mark.parametrize(
    "name", ["9.collect.json", "x.json", "1.nothing.json", "../root.json", "٣.root.json", "1"]
)
async def test_a_file_that_is_not_served_is_not_found(office: Office, name: str) -> None:
    with pytest.raises(NotFoundError):
        await office.areas.trust.metadata_file(name)


async def test_missing_keys_say_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="dev-init"):
        OnlineKeys.read(tmp_path)


def _spoiled(text: str) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[len(raw) // 2] ^= 1
    return base64.b64encode(raw).decode()


async def test_two_processes_that_renew_at_once_sign_one_new_timestamp(office: Office, clock: FakeClock) -> None:
    before = office.areas.trust.timestamp_version
    clock.advance(4 * 86_400)
    await asyncio.gather(*(office.areas.trust.keep_fresh() for _ in range(3)))
    assert office.areas.trust.timestamp_version == before + 1
