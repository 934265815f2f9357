"""Archives sent on to a real OpenSSH server, and word to who asked to be told."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Generator, Iterator
from datetime import timedelta
from email.message import Message
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.handlers import Message as Handler
from aiosmtpd.smtp import SMTP

from canopee_api.destinations import MailServer, SftpServer
from canopee_api.files.store import FileStore
from canopee_api.logs.forwarding import GIVEN_UP_AFTER, Forwarding
from canopee_api.settings import Settings
from canopee_api.testing import Office
from canopee_api.testing_logs import Support, an_archive
from canopee_api.testing_ssh import Sshd, sshd, why_not
from canopee_kit.clock import FakeClock

NOWHERE = SftpServer(
    host="127.0.0.1",
    port=1,
    user="x",
    folder="/x",
    host_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJb",
    private_key="x",
)
NO_SERVER = "no SFTP server is configured: see sftp.toml in docs/how-to/get-log-files.md"


@pytest.fixture
def openssh(tmp_path: Path) -> Generator[Sshd]:
    """A server that is there."""
    if why := why_not():
        pytest.skip(why)
    (tmp_path / "sshd").mkdir()
    with sshd(tmp_path / "sshd") as server:
        yield server


class Sender:
    """What sends on, to a server that may change."""

    def __init__(self, support: Support, settings: Settings) -> None:
        self.support, self.areas = support, support.areas
        self.store = FileStore(settings.files_folder)

    def to(self, server: SftpServer | None, post: MailServer | None = None) -> Forwarding:
        areas = self.areas
        return Forwarding(areas.database, self.store, areas.log_requests, areas.clock, server, post)

    async def archive(self, office: Office, content: bytes, **changes: Any) -> tuple[str, str]:  # noqa: ANN401  any field
        """An archive that is there, and is to be sent on: the ids of its request and of its device."""
        pc = await office.pc()
        view = await self.support.request(pc, forward=True, **changes)
        await self.support.answer(pc, content)
        return view.id, pc.id

    async def standing(self, request_id: str) -> tuple[dict[str, int], str]:
        """Where its archives stand, and why the first one fails."""
        (device,) = (await self.support.devices(request_id)).values()
        error = device.archives[0].forward_error if device.archives else ""
        return (await self.areas.log_requests.view(request_id)).forwards, error


@pytest.fixture
def sender(support: Support, settings: Settings) -> Sender:
    return Sender(support, settings)


async def test_an_archive_arrives_whole_under_its_name_and_is_not_sent_again(
    sender: Sender, office: Office, openssh: Sshd
) -> None:
    content = an_archive({"app.log": bytes(range(256)) * 20_000})
    request_id, device_id = await sender.archive(office, content)
    assert await sender.to(openssh.server).forward() == 1
    ((path, held),) = openssh.files.items()
    assert path.startswith("SUP-4711/C0001_ACCUEIL-01_")
    assert path.endswith("_logs.zip")
    assert held == content
    assert await sender.standing(request_id) == ({"done": 1}, "")
    assert await sender.to(openssh.server).forward() == 0
    history = await office.areas.log_requests.history(request_id, after=0, limit=10)
    assert [one.detail["device"] for one in history if one.action == "logs.forward"] == [device_id]


async def test_what_cannot_arrive_says_why_and_is_tried_again_later_and_later(
    sender: Sender, office: Office, openssh: Sshd, clock: FakeClock
) -> None:
    request_id, _ = await sender.archive(office, an_archive())
    assert await sender.to(None).forward() == 0
    states, error = await sender.standing(request_id)
    assert (states, error) == (
        {"failing": 1},
        "no SFTP server is configured: see sftp.toml in docs/how-to/get-log-files.md",
    )
    clock.advance(29)
    assert await sender.to(openssh.server).forward() == 0  # not yet
    clock.advance(1)
    assert await sender.to(NOWHERE).forward() == 0
    assert (await sender.standing(request_id))[1].startswith("127.0.0.1: ")
    clock.advance(59)
    assert await sender.to(openssh.server).forward() == 0
    clock.advance(1)
    assert await sender.to(openssh.server).forward() == 1
    assert await sender.standing(request_id) == ({"done": 1}, "")


async def test_a_server_with_another_key_is_told_nothing(sender: Sender, office: Office, openssh: Sshd) -> None:
    other = (Path(openssh.server.private_key).with_suffix(".pub")).read_text().split()
    impostor = msgspec.structs.replace(openssh.server, host_key=" ".join(other[:2]))
    request_id, _ = await sender.archive(office, an_archive())
    assert await sender.to(impostor).forward() == 0
    assert "its host key is not the one" in (await sender.standing(request_id))[1]
    assert openssh.files == {}


async def test_a_folder_where_nothing_may_be_written_is_said_to_be(
    sender: Sender, office: Office, openssh: Sshd
) -> None:
    request_id, _ = await sender.archive(office, an_archive())
    openssh.folder.chmod(0o555)
    assert await sender.to(openssh.server).forward() == 0
    assert "Permission denied" in (await sender.standing(request_id))[1]


async def test_what_was_cut_there_is_written_again_and_what_is_there_whole_is_not(
    sender: Sender, office: Office, openssh: Sshd, clock: FakeClock
) -> None:
    content = an_archive()
    await sender.archive(office, content)
    await sender.to(openssh.server).forward()
    ((path, _),) = openssh.files.items()
    await _again(sender)
    (openssh.folder / path).write_bytes(content[:-1] + b"x")
    assert await sender.to(openssh.server).forward() == 1
    assert openssh.files == {path: content}
    await _again(sender)
    before = (openssh.folder / path).stat().st_ino
    assert await sender.to(openssh.server).forward() == 1  # the process was killed before it was noted
    assert (openssh.folder / path).stat().st_ino == before
    assert clock


async def test_what_was_purged_before_it_arrived_or_was_tried_for_too_long_is_lost_and_shown(
    sender: Sender, office: Office, clock: FakeClock
) -> None:
    purged, _ = await sender.archive(office, an_archive())
    kept, _ = await sender.archive(office, an_archive({"b": b"b"}))
    assert await sender.to(NOWHERE).forward() == 0
    await office.areas.log_purges.purge(purged, by="test")
    clock.advance(GIVEN_UP_AFTER.total_seconds() + 1)
    assert await sender.to(NOWHERE).forward() == 0
    assert (await office.areas.log_requests.view(purged)).forwards == {"lost": 1}
    assert (await office.areas.log_requests.view(kept)).forwards == {"lost": 1}
    assert (await sender.standing(kept))[1].startswith("given up: 127.0.0.1")


async def test_two_processes_send_each_archive_once(sender: Sender, office: Office, openssh: Sshd) -> None:
    for number in range(3):
        await sender.archive(office, an_archive({"a": b"%d" % number}))
    done = await asyncio.gather(*(sender.to(openssh.server).forward() for _ in range(2)))
    assert (sum(done), len(openssh.files)) == (3, 3)


class SlowStore(FileStore):
    """A network on which each piece of an archive takes twenty minutes; another process looks for work meanwhile."""

    def __init__(self, folder: Path, clock: FakeClock, other: Callable[[], Awaitable[int]]) -> None:
        super().__init__(folder)
        self._clock, self._other, self._loop = clock, other, asyncio.get_running_loop()
        self.taken = list[int]()

    def pieces(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        for piece in super().pieces(sha256, start, end):
            self._clock.advance(20 * 60)
            yield piece
            self.taken.append(asyncio.run_coroutine_threadsafe(self._look(), self._loop).result(60))

    async def _look(self) -> int:
        return await self._other()


async def test_an_archive_that_takes_hours_is_not_sent_by_another_meanwhile(
    sender: Sender, office: Office, openssh: Sshd, settings: Settings, clock: FakeClock
) -> None:
    content = random.Random(1).randbytes(3_000_000)
    await sender.archive(office, content)
    other = sender.to(openssh.server)
    sender.store = store = SlowStore(settings.files_folder, clock, other.forward)
    assert await sender.to(openssh.server).forward() == 1
    assert len(store.taken) > 2
    assert sum(store.taken) == 0
    assert [*openssh.files.values()] == [content]


class Box(Handler):
    """Keeps what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.held = list[Message]()

    def handle_message(self, message: Message) -> None:
        self.held.append(message)


async def test_who_asked_is_told_once_when_nothing_more_is_to_come(
    sender: Sender, office: Office, clock: FakeClock
) -> None:
    box = Box()
    serving = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    port = serving.sockets[0].getsockname()[1]
    post = MailServer(host="127.0.0.1", port=port, security="none", sender="canopee@example.fr")
    request_id, _ = await sender.archive(office, an_archive(), notify=["support@example.fr", "chef@example.fr"])
    assert await sender.to(None, post).tell() == 0  # not complete yet
    await office.areas.log_requests.settle()
    dead = msgspec.structs.replace(post, port=1)
    assert await sender.to(None, dead).tell() == 0
    assert "127.0.0.1" in (await office.areas.log_requests.view(request_id)).notify_error
    assert [await sender.to(None, post).tell() for _ in range(2)] == [1, 0]
    serving.close()
    (message,) = box.held
    assert message["To"] == "support@example.fr, chef@example.fr"
    assert message["Subject"] == "[SUP-4711] 1 of 1 PCs sent their logs"
    assert "ACCUEIL" not in message.as_string()
    view = await office.areas.log_requests.view(request_id)
    assert (view.notified_at, view.notify_error) == (clock.now(), "")


async def test_nobody_is_told_of_what_ended_long_ago(sender: Sender, office: Office, clock: FakeClock) -> None:
    await sender.archive(office, an_archive(), notify=["support@example.fr"])
    await office.areas.log_requests.settle()
    clock.advance(timedelta(days=4).total_seconds())
    assert (
        await sender.to(None, MailServer(host="localhost", port=1, security="none", sender="a@b.fr")).tell() == 0
    )


async def _again(sender: Sender) -> None:
    async with sender.areas.database.transaction() as tx:
        await tx.execute("UPDATE log_forwards SET state = 'waiting', next_at = begun_at")
