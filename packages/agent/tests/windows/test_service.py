"""The real service control manager, DPAPI and access lists, as far as Wine has them."""

import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from canopee_agent.errors import StateError
from canopee_kit.clock import SystemClock

assert sys.platform == "win32"

from canopee_agent.windows.acl import described, keep, take_over  # noqa: E402
from canopee_agent.windows.registry import WindowsRegistry  # noqa: E402
from canopee_agent.windows.scm import ServiceSettings, register  # noqa: E402
from canopee_agent.windows.sddl import owner  # noqa: E402
from canopee_agent.windows.secrets import MachineSecrets  # noqa: E402
from canopee_agent.windows.service import WindowsServiceHost  # noqa: E402

EVENTS = r"HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application"
NOTHING_TO_RUN = Path(r"C:\windows\system32\nothing there.exe")


@pytest.fixture
def name() -> Iterator[str]:
    name = f"Canopee-{uuid.uuid4().hex[:8]}"
    yield name
    WindowsServiceHost(name, SystemClock()).remove()


def _registered(name: str, value: str) -> object:
    return WindowsRegistry().value(rf"HKLM\SYSTEM\CurrentControlSet\Services\{name}", value)


def test_a_service_is_registered_with_its_command_and_starts_with_windows(name: str) -> None:
    host = WindowsServiceHost(name, SystemClock())
    assert not host.is_registered
    host.register(NOTHING_TO_RUN, is_delayed=False)
    assert host.is_registered
    assert (_registered(name, "ImagePath"), _registered(name, "Start")) == (f'"{NOTHING_TO_RUN}"', 2)
    assert str(_registered(name, "Description")).startswith(("Keeps the software", "Tient à jour"))
    source = WindowsRegistry().values(rf"{EVENTS}\{name}")
    assert source == {"EventMessageFile": str(NOTHING_TO_RUN), "TypesSupported": 7}


def test_registering_again_brings_it_up_to_date(name: str) -> None:
    register(name, ServiceSettings("one", "first", r'"C:\one.exe"'))
    register(name, ServiceSettings("deux", "à jour", r'"C:\deux.exe"', is_delayed=True))
    assert [_registered(name, value) for value in ("DisplayName", "Description", "ImagePath")] == [
        "deux", "à jour", r'"C:\deux.exe"',
    ]  # fmt: skip


def test_removing_it_leaves_nothing_and_may_be_repeated(name: str) -> None:
    host = WindowsServiceHost(name, SystemClock())
    host.register(NOTHING_TO_RUN, is_delayed=False)
    for _ in range(2):
        host.remove()
        assert not host.is_registered
    for key in (EVENTS, r"HKLM\SYSTEM\CurrentControlSet\Services"):
        assert name not in WindowsRegistry().subkeys(key)


def test_a_service_that_cannot_start_says_so_and_stopping_what_is_stopped_is_fine(name: str) -> None:
    host = WindowsServiceHost(name, SystemClock())
    host.stop()
    with pytest.raises(StateError, match="does not start"):
        host.start()
    host.register(NOTHING_TO_RUN, is_delayed=False)
    with pytest.raises(StateError, match="does not start"):
        host.start()
    host.stop()


def test_a_secret_is_sealed_by_this_machine_and_one_byte_changed_opens_nothing() -> None:
    secrets, key = MachineSecrets(), os.urandom(32)
    sealed = secrets.seal(key)
    assert key not in sealed
    assert secrets.is_sealed(sealed)
    assert secrets.unseal(sealed) == key
    with pytest.raises(StateError, match="DPAPI"):
        secrets.unseal(sealed[:40])
    assert secrets.unseal(secrets.seal(b"")) == b""


def test_a_secret_that_was_stored_in_clear_is_known_as_such() -> None:
    secrets, key = MachineSecrets(), os.urandom(32)
    assert not secrets.is_sealed(key)
    assert secrets.unseal(key) == key


def test_a_folder_is_made_when_it_is_missing_and_kept_with_what_is_ours(tmp_path: Path) -> None:
    folder = tmp_path / "Canopée"
    take_over(folder)
    (folder / "state").mkdir()
    (folder / "state" / "key").write_bytes(b"1")
    take_over(folder)
    keep(folder)
    assert (folder / "state" / "key").read_bytes() == b"1"
    assert [path.name for path in tmp_path.iterdir()] == ["Canopée"]


def test_the_owner_of_a_folder_is_told(tmp_path: Path) -> None:
    assert owner(described(tmp_path))
    with pytest.raises(FileNotFoundError):
        described(tmp_path / "nothing")


def test_a_folder_below_nothing_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be made"):
        take_over(tmp_path / "nothing" / "Canopée")


def test_what_another_account_put_there_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wine knows one account: the owner that Windows would tell is put in the place of what it tells."""
    folder = tmp_path / "Canopée"
    folder.mkdir()
    (folder / "root.json").write_text("evil")
    foreign = "O:S-1-5-21-1-2-3-1001G:BAD:AI(A;OICIID;FA;;;BU)"
    true_words = described

    def told(path: Path) -> str:
        return foreign if path == folder and (folder / "root.json").exists() else true_words(path)

    monkeypatch.setattr("canopee_agent.windows.acl.described", told)
    take_over(folder)
    assert list(folder.iterdir()) == []
    assert (tmp_path / "Canopée.set-aside-1" / "root.json").read_text() == "evil"
