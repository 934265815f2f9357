"""What an installer asks for: every refusal changes nothing, and every set-up may be run again."""

from pathlib import Path

import msgspec
import pytest

from canopee_agent.errors import StateError
from canopee_agent.fakes import FakeServiceHost
from canopee_agent.installed import Installed
from canopee_agent.service.config import Config, Home
from canopee_agent.service.setup import Answers, check, set_up, take_down
from canopee_agent.slots import Slots

CA = (Path(__file__).parents[1] / "data" / "loopback.pem").read_text()
ROOT = '{"signed": {"_type": "root"}, "signatures": []}'
URL, TOKEN = "https://canopee.example.fr", "cpe_1"


@pytest.fixture
def host() -> FakeServiceHost:
    return FakeServiceHost()


@pytest.fixture
def place(tmp_path: Path) -> Installed:
    """Version 1.0.0, unpacked by an installer that lies in `media` beside its root."""
    media = tmp_path / "media"
    media.mkdir()
    (media / "root.json").write_text(ROOT)
    (media / "authority.pem").write_text(CA)
    return _unpacked(tmp_path, "1.0.0")


def _unpacked(folder: Path, version: str) -> Installed:
    slot = folder / "Program Files" / "slots" / version
    slot.mkdir(parents=True)
    (slot / "agent.exe").touch()
    return Installed(folder / "Program Files", folder / "Canopee", slot, version)


def _answers(place: Installed, **changes: str) -> Answers:
    told = {"server_url": URL, "enrolment_token": TOKEN, "folder": str(place.home.parent / "media"), **changes}
    return msgspec.convert(told, Answers)


def _files(place: Installed) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(place.home.parent.rglob("*")) if path.is_file()}


def test_a_first_set_up_writes_what_the_agent_needs_and_starts_it(place: Installed, host: FakeServiceHost) -> None:
    set_up(_answers(place, practice_id="FR-69-00012", ca_file="authority.pem"), place, host)
    home = Home(place.home)
    assert home.config() == Config(
        server_url=URL, enrolment_token=TOKEN, practice_id="FR-69-00012", ca_file="ca.pem"
    )
    assert (home.root(), (place.home / "ca.pem").read_text()) == (ROOT.encode(), CA)
    state = Slots(place.program).state()
    assert (state.current, state.pending, host.is_running) == ("1.0.0", "", True)
    assert host.done == ["stop", "take over Canopee", "register launcher.exe", "start"]


def test_set_up_again_without_answers_is_a_repair_that_changes_nothing(
    place: Installed, host: FakeServiceHost
) -> None:
    set_up(_answers(place, ca_file="authority.pem"), place, host)
    text = f"# ours\n{(place.home / 'agent.toml').read_text()}"
    (place.home / "agent.toml").write_text(text)
    before = _files(place)
    set_up(Answers(), place, host)
    assert _files(place) == before
    assert host.is_running


def test_an_enrolled_pc_needs_no_token_and_is_given_none(place: Installed, host: FakeServiceHost) -> None:
    set_up(_answers(place), place, host)
    Home(place.home).forget_token()
    (place.home / "state" / "identity.json").touch()
    set_up(_answers(place, server_url="https://other.example.fr"), place, host)
    assert Home(place.home).config() == Config(server_url="https://other.example.fr")


def test_a_newer_version_is_put_on_trial_and_the_old_one_stays_to_return_to(
    place: Installed, host: FakeServiceHost
) -> None:
    set_up(_answers(place), place, host)
    newer = _unpacked(place.home.parent, "1.10.0")
    set_up(Answers(), newer, host)
    state = Slots(place.program).state()
    assert (state.current, state.pending, host.is_running) == ("1.0.0", "1.10.0", True)


def test_an_installer_that_is_run_while_another_version_is_on_trial_decides(
    place: Installed, host: FakeServiceHost
) -> None:
    set_up(_answers(place), place, host)
    set_up(Answers(), _unpacked(place.home.parent, "1.1.0"), host)
    set_up(Answers(), _unpacked(place.home.parent, "1.2.0"), host)
    state = Slots(place.program).state()
    assert (state.current, state.previous, state.pending) == ("1.2.0", "1.0.0", "")


def test_a_version_that_runs_but_was_deleted_is_replaced_without_trial(
    place: Installed, host: FakeServiceHost
) -> None:
    set_up(_answers(place), place, host)
    (place.slot / "agent.exe").unlink()
    set_up(Answers(), _unpacked(place.home.parent, "1.1.0"), host)
    assert Slots(place.program).state().current == "1.1.0"


def test_a_downgrade_is_refused_and_nothing_is_changed_nor_stopped(
    place: Installed, host: FakeServiceHost
) -> None:
    newer = _unpacked(place.home.parent, "1.10.0")
    set_up(_answers(place), newer, host)
    before, done = _files(place), len(host.done)
    with pytest.raises(StateError, match=r"1\.10\.0 is installed, which is newer than 1\.0\.0"):
        set_up(_answers(place), place, host)
    assert (_files(place), len(host.done), host.is_running) == (before, done, True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"server_url": ""}, "SERVER_URL is missing"),
        ({"enrolment_token": ""}, "ENROLMENT_TOKEN is missing"),
        ({"server_url": "http://canopee.example.fr"}, "https://"),
        ({"server_url": "canopee.example.fr"}, "https://"),
        ({"server_url": "https://a b\nc"}, "server_url holds a character"),
        ({"enrolment_token": "cpe_1\0"}, "enrolment_token holds a character"),
        ({"practice_id": "x" * 1_001}, "practice_id holds a character that cannot be, or is longer"),
        ({"ca_file": "nothing.pem"}, r"nothing\.pem cannot be read"),
        ({"ca_file": "root.json"}, "no certificate in PEM form"),
        ({"root_file": "authority.pem"}, r"is not a root\.json"),
        ({"root_file": "."}, "cannot be read"),
        ({"folder": ""}, "ROOT_FILE is missing"),
        ({"policy_file": "authority.pem"}, "correct the local policy"),
        ({"policy_file": "nothing.toml"}, "cannot be read"),
    ],
)
def test_what_is_missing_or_wrong_is_refused_before_anything_is_changed(
    place: Installed, host: FakeServiceHost, changes: dict[str, str], said: str
) -> None:
    before = _files(place)
    for refuse in (lambda: check(_answers(place, **changes), place),
                   lambda: set_up(_answers(place, **changes), place, host)):  # fmt: skip
        with pytest.raises(StateError, match=said):
            refuse()
    assert (_files(place), host.done) == (before, [])


def test_no_refusal_repeats_the_token(place: Installed) -> None:
    with pytest.raises(StateError) as refused:
        check(_answers(place, enrolment_token="cpe_verysecret\n"), place)  # noqa: S106  a test's own
    assert "verysecret" not in str(refused.value)


def test_http_is_accepted_to_this_machine_itself_only(place: Installed, host: FakeServiceHost) -> None:
    set_up(_answers(place, server_url="http://127.0.0.1:8080"), place, host)
    assert Home(place.home).config().server_url == "http://127.0.0.1:8080"


def test_the_root_of_the_installer_wins_over_one_that_lies_beside_it(
    place: Installed, host: FakeServiceHost
) -> None:
    embedded = ROOT.replace("[]", "[ ]")
    (place.program / "root.json").write_text(embedded)
    set_up(_answers(place), place, host)
    assert Home(place.home).root() == embedded.encode()


def test_a_root_that_a_pc_has_stays_until_another_is_named(place: Installed, host: FakeServiceHost) -> None:
    set_up(_answers(place), place, host)
    other = ROOT.replace("[]", "[  ]")
    (place.home.parent / "media" / "root.json").write_text(other)
    set_up(_answers(place), place, host)
    assert Home(place.home).root() == ROOT.encode()
    set_up(_answers(place, root_file="root.json"), place, host)
    assert Home(place.home).root() == other.encode()


def test_a_policy_that_is_named_is_put_beside_the_program_and_one_that_is_there_stays(
    place: Installed, host: FakeServiceHost
) -> None:
    (place.home.parent / "media" / "lab.toml").write_text("accept_lab_keys = true\n")
    set_up(_answers(place, policy_file="lab.toml"), place, host)
    set_up(_answers(place), place, host)
    assert place.policy.read_text() == "accept_lab_keys = true\n"


def test_the_policy_of_a_pc_outlives_an_uninstallation_and_that_of_the_installer_is_for_new_pcs(
    place: Installed, host: FakeServiceHost
) -> None:
    default = place.program / "policy.default.toml"
    default.write_text("# of the vendor\n")
    set_up(_answers(place), place, host)
    assert place.policy.read_text() == "# of the vendor\n"
    place.policy.write_text("enabled = false\n")
    take_down(place, host, purges=False)
    place.policy.unlink()
    set_up(_answers(place), place, host)
    assert place.policy.read_text() == "enabled = false\n"
    assert not (place.home / "policy.toml").exists()


def test_a_configuration_that_cannot_be_read_is_repaired_by_answers(
    place: Installed, host: FakeServiceHost
) -> None:
    place.home.mkdir()
    (place.home / "agent.toml").write_text("= =")
    with pytest.raises(StateError, match="SERVER_URL is missing"):
        set_up(_answers(place, server_url=""), place, host)
    set_up(_answers(place), place, host)
    assert Home(place.home).config().server_url == URL


def test_what_lay_in_a_home_that_was_not_ours_does_not_count(place: Installed) -> None:
    class Taken(FakeServiceHost):
        def take_over(self, folder: Path) -> None:
            folder.rename(folder.with_name("aside"))
            super().take_over(folder)

    place.home.mkdir()
    (place.home / "agent.toml").write_text('server_url = "https://evil.example"\nenrolment_token = "x"\n')
    (place.home / "root.json").write_text(ROOT.replace("[]", "[ ]"))
    with pytest.raises(StateError, match="SERVER_URL is missing"):
        set_up(Answers(folder=str(place.home.parent / "media")), place, Taken())
    assert not (place.home / "agent.toml").exists()


def test_the_service_may_be_left_stopped_and_started_late(place: Installed, host: FakeServiceHost) -> None:
    answers = msgspec.structs.replace(_answers(place), is_delayed=True)
    set_up(answers, place, host, starts=False)
    assert (host.is_running, host.done[-1]) == (False, "register launcher.exe, delayed")


@pytest.mark.parametrize("purges", [False, True])
def test_taking_it_down_removes_the_service_and_the_data_only_when_asked(
    place: Installed, host: FakeServiceHost, *, purges: bool
) -> None:
    set_up(_answers(place), place, host)
    take_down(place, host, purges=purges)
    assert (host.is_registered, place.home.exists()) == (False, not purges)
    take_down(place, host, purges=purges)
