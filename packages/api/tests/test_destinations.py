"""The files that say where things are sent: read strictly, and by their owner alone."""

from pathlib import Path

import pytest

from canopee_api.destinations import read_mail, read_sftp
from canopee_api.errors import ServerError

SFTP = 'host = "sftp.example.fr"\nuser = "u"\nfolder = "/in"\nhost_key = "ssh-ed25519 AAAA"\n'
MAIL = 'host = "smtp.example.fr"\nsender = "canopee@example.fr"\n'


def written(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "some.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_what_is_written_is_read_and_no_file_is_no_server(tmp_path: Path) -> None:
    found = read_sftp(written(tmp_path, f'{SFTP}password = "p"\n'))
    assert found is not None
    assert (found.host, found.port, found.folder) == ("sftp.example.fr", 22, "/in")
    post = read_mail(written(tmp_path, MAIL))
    assert post is not None
    assert (post.port, post.security) == (587, "starttls")
    assert read_sftp(tmp_path / "none.toml") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SFTP, "exactly one of"), (f'{SFTP}password = "p"\nprivate_key = "k"\n', "exactly one of"),
        (f'{SFTP}password = "p"\nhostkey = "x"\n', "unknown field"), ("host = ", "cannot be used"),
        (SFTP.replace('"/in"', '"in"') + 'password = "p"', "folder"), (SFTP.replace("ssh-ed25519 ", "") , "host_key"),
    ],
)  # fmt: skip
def test_what_is_not_an_sftp_server_says_so(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ServerError, match=said):
        read_sftp(written(tmp_path, text))


def test_a_secret_that_others_may_read_and_mail_in_clear_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="chmod 600"):
        read_sftp(written(tmp_path, f'{SFTP}password = "p"\n', 0o640))
    with pytest.raises(ServerError, match="in clear"):
        read_mail(written(tmp_path, f'{MAIL}security = "none"\n'))
    assert read_mail(written(tmp_path, MAIL.replace("smtp.example.fr", "localhost") + 'security = "none"\n'))
