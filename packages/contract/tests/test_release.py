from typing import Any

import pytest

from canopee_contract.errors import MalformedError
from canopee_contract.release import (
    PLATFORMS,
    facts_of,
    is_release_version,
    platform_of,
    read_signed,
    release_path,
)

CUSTOM: dict[str, Any] = {
    "version": "1.2.0-3fa9c2d1",
    "platform": "win-x64",
    "release_seq": 7,
    "min_release_seq": 3,
}
PATH = "agent/win-x64/1.2.0-3fa9c2d1.zip"


@pytest.mark.parametrize("version", ["1", "1.2.0", "2026.4.0.1123", "1.8.0-3fa9c2d1", "1.2.0-rc.1", "0.1.0"])
def test_a_version_that_compares_and_names_a_folder_may_be_released(version: str) -> None:
    assert is_release_version(version)


@pytest.mark.parametrize(
    "version",
    [
        "", "v1.2", "1.2.", "1..2", "1.2.0+build", "1.2.0-RC1", "1.2.0-rc.", "1/2", "1\\2", "1.2.0 ", " 1.2.0", "..",
        "1.2.3.4.5.6.7", "nul", "1:2", "1.2.0-" + "x" * 40, "\u0661.\u0662", "1.2.0\n", "1.2.0--x",
    ],
)  # fmt: skip
def test_what_would_compare_or_be_stored_in_another_way_may_not(version: str) -> None:
    assert not is_release_version(version)


def test_what_is_signed_about_a_release_is_read_from_its_path_and_its_custom() -> None:
    signed = read_signed(PATH, CUSTOM)
    assert (signed.version, signed.platform, signed.release_seq, signed.min_release_seq) == (*CUSTOM.values(),)
    assert release_path(signed.platform, signed.version) == PATH


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("agent/win-x64/1.2.0.zip", {}), ("agent/linux-x64/1.2.0-3fa9c2d1.zip", {}), (PATH + "x", {}),
        (PATH, {"version": 1}), (PATH, {"platform": "mac"}), (PATH, {"release_seq": 0}),
        (PATH, {"release_seq": 2**53 + 1}),
        (PATH, {"more": 1}),
        (PATH, {"release_seq": "7"}), (PATH, {"release_seq": True}), (PATH, {"min_release_seq": 8}),
        (PATH, {"min_release_seq": -1}), ("agent/win-x64/...zip", {"version": ".."}),
    ],
)  # fmt: skip
def test_what_does_not_fit_its_path_or_its_bounds_is_no_release(path: str, changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        read_signed(path, CUSTOM | changes)


@pytest.mark.parametrize("custom", [None, {}, {"version": "1.2.0"}])
def test_a_target_about_which_nothing_is_signed_is_no_release(custom: dict[str, Any] | None) -> None:
    with pytest.raises(MalformedError):
        read_signed("agent/win-x64/1.2.0.zip", custom)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_is_that_of_its_facts_and_of_no_others(platform: Any) -> None:  # noqa: ANN401  a literal
    assert platform_of(*facts_of(platform)) == platform
    assert platform_of("beos", "x86_64") == ""
