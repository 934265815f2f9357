"""`agent.toml`: what is written is read again, and the token leaves it once it has served."""

from pathlib import Path

import pytest

from canopee_agent.fakes import FakeMachine, problem_reply
from canopee_agent.service.config import Config, Home
from canopee_agent.testing import FakeServer

TEXT = '# of the practice\nserver_url = "https://x.fr"  # ours\n  enrolment_token="cpe_1"\nca_file = "ca.pem"\n'


def test_the_token_alone_is_taken_out_and_comments_stay(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text("\ufeff" + TEXT, "utf-8")
    assert Home(tmp_path).forget_token() == Config(server_url="https://x.fr", ca_file="ca.pem")
    assert path.read_text() == '# of the practice\nserver_url = "https://x.fr"  # ours\nca_file = "ca.pem"\n'
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "token", ['"""cpe_1\\\n  x"""', "'''cpe_1'''", '"cpe_1"\nenrolment_tokens = "x"', '"enrolment_token = 1"']
)
def test_a_token_that_is_written_otherwise_leaves_too(tmp_path: Path, token: str) -> None:
    text = f'server_url = "https://x.fr"\n"enrolment_token" = {token}\n'.replace('\nenrolment_tokens = "x"', "")
    (tmp_path / "agent.toml").write_text(text)
    assert Home(tmp_path).config().enrolment_token
    Home(tmp_path).forget_token()
    assert Home(tmp_path).config() == Config(server_url="https://x.fr")


@pytest.mark.parametrize("text", ['a"b', "a\\b", "é\u2028\x7f\x01", "a\nb", "'''", "#"])
def test_whatever_is_written_is_read_again(tmp_path: Path, text: str) -> None:
    config = Config(server_url="https://x.fr", enrolment_token=text, practice_id=text, ca_file=text)
    Home(tmp_path).write_config(config)
    assert Home(tmp_path).config() == config


def test_the_token_stays_until_the_pc_is_enrolled_and_is_gone_after(tmp_path: Path) -> None:
    server = FakeServer(FakeMachine("windows"), tmp_path)
    server.link.answer("/agent/v1/enrol", lambda _: problem_reply(503, "busy"))
    agent = server.agent()
    with pytest.raises(Exception, match="asks to wait"):
        agent.round()
    assert Home(tmp_path).config().enrolment_token
    server.listen()
    agent.round()
    agent.close()
    assert Home(tmp_path).config().enrolment_token == ""
    again = server.agent()
    again.round()
    again.close()


def test_a_pc_that_was_enrolled_by_an_older_agent_forgets_its_token(tmp_path: Path) -> None:
    server = FakeServer(FakeMachine("windows"), tmp_path)
    agent = server.agent()
    agent.round()
    agent.close()
    (tmp_path / "agent.toml").write_text('server_url = "http://127.0.0.1:1"\nenrolment_token = "old"\n')
    agent = server.agent()
    agent.round()
    agent.close()
    assert "old" not in (tmp_path / "agent.toml").read_text()
