from pathlib import Path

import msgspec
import pytest

from canopee_agent.engine.policy import DENIED, LocalPolicy, read_policy
from canopee_agent.errors import StateError
from canopee_agent.service.config import Home
from canopee_agent.step import Ceiling

HOW_TO = Path(__file__).parents[4] / "docs" / "how-to" / "write-the-local-policy.md"


def test_without_a_policy_no_file_is_read_or_written_and_nothing_is_run_or_downloaded(tmp_path: Path) -> None:
    policy = read_policy(tmp_path / "policy.toml")
    assert policy.services == ()
    assert (policy.read_roots, policy.write_roots, policy.download_hosts, policy.program_roots) == ((), (), (), ())
    assert policy.deny_globs == DENIED


def test_every_setting_reaches_the_steps(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(
        "registry_roots = ['a']\nprogram_roots = ['b']\nservices = ['h']\nread_roots = ['c']\nwrite_roots = ['d']\n"
        "event_channels = ['i']\nredact_patterns = ['j']\n"
        "download_hosts = ['e']\ndeny_globs = ['f']\nmax_read_bytes = 1\nmax_download_bytes = 2\n"
    )
    ceiling = read_policy(tmp_path / "policy.toml").ceiling(own_folders=("g",), output_bytes=3, timeout_s=4)
    assert ceiling == Ceiling(
        registry_roots=("a",), program_roots=("b",), services=("h",), read_roots=("c",), write_roots=("d",),
        download_hosts=("e",), deny_globs=("f",), own_folders=("g",), max_read_bytes=1, max_download_bytes=2,
        output_bytes=3, timeout_s=4, event_channels=("i",), redact_patterns=("j",),
    )  # fmt: skip


def test_a_pattern_of_what_is_hidden_that_cannot_be_read_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("redact_patterns = ['a(']")
    with pytest.raises(StateError, match=r"redact_patterns: 'a\('.*correct it"):
        read_policy(tmp_path / "policy.toml")


@pytest.mark.parametrize(
    "line", ["read_root = ['c']", "max_read_bytes = -1", "max_read_bytes = 99999999", "read_roots = 'c'"]
)
def test_a_setting_that_is_misspelt_or_out_of_bounds_stops_everything(tmp_path: Path, line: str) -> None:
    (tmp_path / "policy.toml").write_text(line)
    with pytest.raises(StateError, match="correct the local policy"):
        read_policy(tmp_path / "policy.toml")


def test_the_how_to_shows_every_setting_and_can_be_used_as_it_is(tmp_path: Path) -> None:
    example = HOW_TO.read_text("utf-8").partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "policy.toml").write_text(example, "utf-8")
    read_policy(tmp_path / "policy.toml")
    shown = {line.partition(" =")[0] for line in example.splitlines()}
    assert shown == {field.name for field in msgspec.structs.fields(LocalPolicy)}


def test_the_agents_home_and_program_are_its_own_folders(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "home")
    own = Home(tmp_path / "link").own_folders
    assert str((tmp_path / "home").resolve()) in own
    assert any(folder.endswith("canopee_agent") for folder in own)


def test_a_state_kept_apart_from_the_home_is_the_agents_own_too(tmp_path: Path) -> None:
    home = Home(tmp_path / "etc", state_folder=tmp_path / "var")
    assert home.state == tmp_path / "var"
    assert {str((tmp_path / name).resolve()) for name in ("etc", "var")} <= set(home.own_folders)
