"""What is signed to release an agent, and what is refused before anything is."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from canopee.errors import RefusedError, UsageError
from canopee.quantities import basis_points
from canopee.release_documents import signed_release, standing_campaign, update_pipeline
from canopee.releasing import read_release
from canopee_agent.fake_releases import a_release
from canopee_contract.codec import encode
from canopee_contract.condition import evaluate, parse_condition
from canopee_contract.errors import SchemaError
from canopee_contract.parameters import check_parameters
from canopee_contract.people import PublishedPipeline
from canopee_contract.pipeline import PipelineRef, target_path
from canopee_contract.release import ReleaseManifest, SignedRelease, release_path
from canopee_kit.clock import FakeClock
from canopee_trust.publication import check_pipeline
from canopee_trust.repository import TargetInfo

SIGNED = SignedRelease("1.2.0", "win-x64", 3)
FILES = {"agent.exe": b"MZ", "version.txt": b"1.2.0"}


def _held(*releases: SignedRelease) -> list[TargetInfo]:
    return [
        TargetInfo(release_path(one.platform, one.version), 1, "ab" * 32, msgspec.to_builtins(one))
        for one in releases
    ]


@pytest.mark.parametrize(
    ("text", "share"), [("100%", 10_000), ("10%", 1_000), ("0.01%", 1), ("12.5%", 1_250), ("1 %", 100)]
)
def test_a_part_of_the_fleet_is_read_as_basis_points(text: str, share: int) -> None:
    assert basis_points(text) == share


@pytest.mark.parametrize("text", ["", "%", "10", "0%", "100.01%", "-1%", "0.001%", "ten%", "nan%", "inf%", "1e9%"])
def test_what_is_no_part_of_the_fleet_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"0\.01% to 100%"):
        basis_points(text)


def test_the_first_release_of_a_platform_has_number_one_and_each_new_one_the_next() -> None:
    assert signed_release("1.0.0", "win-x64", [], None).release_seq == 1
    held = _held(SIGNED, SignedRelease("9.0.0", "linux-x64", 8, 7))
    assert signed_release("1.3.0", "win-x64", held, None) == SignedRelease("1.3.0", "win-x64", 4, 0)
    assert signed_release("1.3.0", "linux-x64", held, None) == SignedRelease("1.3.0", "linux-x64", 9, 7)


def test_a_release_that_is_published_keeps_its_number() -> None:
    assert signed_release("1.2.0", "win-x64", _held(SIGNED), None) == SIGNED
    assert signed_release("1.2.0", "win-x64", _held(SIGNED), 2) == SignedRelease("1.2.0", "win-x64", 3, 2)


@pytest.mark.parametrize("wanted", [-1, 1, 5])
def test_a_floor_never_goes_down_nor_above_the_release_that_raises_it(wanted: int) -> None:
    with pytest.raises(UsageError, match="from 2, which is signed, to 4"):
        signed_release("1.3.0", "win-x64", _held(SignedRelease("1.2.0", "win-x64", 3, 2)), wanted)


def test_the_pipeline_of_a_release_lets_no_other_release_through() -> None:
    pipeline = update_pipeline(SIGNED, 7, "Agent 1.2.0 (win-x64)")
    check_pipeline(target_path("action", "update_agent", 7), encode(pipeline))
    good = {"version": "1.2.0", "path": "agent/win-x64/1.2.0.zip"}
    assert check_parameters(pipeline.parameters, good) == good
    for wrong in ({"version": "1.1.0"}, {"path": "agent/win-x64/1.1.0.zip"}, {"path": "pipelines/x"}):
        with pytest.raises(SchemaError):
            check_parameters(pipeline.parameters, good | wrong)


@pytest.mark.parametrize(
    ("facts", "holds"),
    [
        ({}, True), ({"agent.version": "1.2.0"}, False), ({"agent.version": "1.2.0-rc1"}, True),
        ({"agent.version": "1.10.0"}, False), ({"os.family": "linux"}, False), ({"os.arch": "arm64"}, False),
        ({"agent.version": "unknown"}, False),
    ],
)  # fmt: skip
def test_a_campaign_stands_for_the_pcs_of_the_platform_that_are_below_the_version(
    facts: dict[str, Any], *, holds: bool
) -> None:
    ref = PipelineRef("p", "update_agent", 1, "ab" * 32, 1)
    clock = FakeClock()
    pipeline = PublishedPipeline("update_agent@1", ref, "action", "t", "required", "published", clock.now())
    campaign = standing_campaign(SIGNED, pipeline, 1_000, clock)
    held = {"os.family": "windows", "os.arch": "x86_64", "agent.version": "1.1.9"} | facts
    assert evaluate(parse_condition(campaign.condition), held) is holds
    assert [ring.up_to_bp for ring in campaign.rings] == [1_000]
    assert campaign.not_before <= clock.now() < campaign.not_after


def _file(folder: Path, content: bytes, name: str = "canopee-agent-1.2.0-win-x64.zip") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_sound_release_is_read_whole(tmp_path: Path) -> None:
    content = a_release(FILES, "1.2.0")
    built = read_release(_file(tmp_path, content))
    assert (built.version, built.platform, built.size) == ("1.2.0", "win-x64", len(content))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"PK", a_release(FILES, "1.2.0")[:-1], a_release({**FILES, "../x": b""}, "1.2.0"),
        a_release(FILES, manifest=ReleaseManifest(1, "1.2.0", "win-x64", {})), a_release({"agent": b"x"}, "1.2.0"),
    ],
)  # fmt: skip
def test_what_no_pc_would_take_is_not_even_uploaded(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(RefusedError):
        read_release(_file(tmp_path, content))


@pytest.mark.parametrize(
    "name", ["agent.zip", "canopee-agent-1.2.1-win-x64.zip", "canopee-agent-1.2.0-linux-x64.zip"]
)
def test_a_file_that_is_not_called_what_it_is_is_refused_with_its_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"canopee-agent-1\.2\.0-win-x64\.zip"):
        read_release(_file(tmp_path, a_release(FILES, "1.2.0"), name))
    with pytest.raises(UsageError, match="No such file"):
        read_release(tmp_path / "none.zip")
