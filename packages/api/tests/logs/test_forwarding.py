"""Archives sent on to a real OpenSSH server, and word to who asked to be told."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.message import Message
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.handlers import Message as Handler
from aiosmtpd.smtp import SMTP, Envelope, Session

from canopee_api.destinations import MailServer, SftpServer
from canopee_api.files.store import FileStore
from canopee_api.logs.forwarding import GIVEN_UP_AFTER, TOLD_WITHIN, Forwarding
from canopee_api.postgres.log_forwards import Notice, note_untold, take_notice
from canopee_api.settings import Settings
from canopee_api.testing import Office
from canopee_api.testing_logs import Support, an_archive
from canopee_api.testing_ssh import Sshd, sshd
from canopee_kit.clock import FakeClock

NOWHERE = SftpServer(
    host="127.0.0.1",
    port=1,
    user="x",
    folder="/x",
    host_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJb",
    private_key="x",
)
DAY = timedelta(days=1)
NO_SERVER = "no SFTP server is configured: see sftp.toml in docs/how-to/get-log-files.md"


@pytest.fixture
def openssh(tmp_path: Path) -> Generator[Sshd]:
    """A server that is there."""
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


class Slow(Box):
    """Takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  the name that the server looks for
        self.begun.set()
        await self.may_end.wait()
        return str(await super().handle_DATA(server, session, envelope))


class Choosy(Box):
    """Does not know everybody."""

    async def handle_RCPT(  # noqa: N802  the name that the server looks for
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if address.startswith("gone@"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"


@asynccontextmanager
async def serving(box: Box) -> AsyncGenerator[MailServer]:
    """A mail server that keeps what it gets."""
    listening = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    yield MailServer(host="127.0.0.1", port=port, security="none", sender="canopee@example.fr")
    listening.close()


async def test_who_asked_is_told_once_when_nothing_more_is_to_come(
    sender: Sender, office: Office, clock: FakeClock
) -> None:
    box = Box()
    request_id, _ = await sender.archive(office, an_archive(), notify=["support@example.fr", "chef@example.fr"])
    async with serving(box) as post:
        assert await sender.to(None, post).tell() == 0  # not complete yet
        await office.areas.log_requests.settle()
        dead = msgspec.structs.replace(post, port=1)
        assert await sender.to(None, dead).tell() == 0
        view = await office.areas.log_requests.view(request_id)
        assert ("127.0.0.1" in view.notify_error, view.notify_attempts, view.notified_at) == (True, 1, None)
        assert await sender.to(None, post).tell() == 0  # not yet
        clock.advance(30)
        assert [await sender.to(None, post).tell() for _ in range(2)] == [1, 0]
    (message,) = box.held
    assert message["To"] == "support@example.fr, chef@example.fr"
    assert message["Subject"] == "[SUP-4711] 1 of 1 PCs sent their logs"
    assert "ACCUEIL" not in message.as_string()
    view = await office.areas.log_requests.view(request_id)
    assert (view.notified_at, view.notify_error, view.notify_attempts) == (clock.now(), "", 2)


async def test_two_processes_tell_of_each_request_once(sender: Sender, office: Office) -> None:
    box = Box()
    for number in range(4):
        await sender.archive(office, an_archive({"a": b"%d" % number}), notify=["support@example.fr"])
    await office.areas.log_requests.settle()
    async with serving(box) as post:
        told = await asyncio.gather(*(sender.to(None, post).tell() for _ in range(3)))
    assert (sum(told), len(box.held)) == (4, 4)
    assert len({message["Message-ID"] for message in box.held}) == 4


async def test_nobody_else_sends_what_is_on_its_way(sender: Sender, office: Office) -> None:
    box = Slow()
    await sender.archive(office, an_archive(), notify=["support@example.fr"])
    await office.areas.log_requests.settle()
    async with serving(box) as post:
        first = asyncio.create_task(sender.to(None, post).tell())
        await box.begun.wait()
        assert await sender.to(None, post).tell() == 0
        box.may_end.set()
        assert await first == 1
        assert await sender.to(None, post).tell() == 0
    assert len(box.held) == 1


async def test_word_that_was_taken_by_a_process_that_was_killed_is_sent_by_another_after_a_while(
    sender: Sender, office: Office, clock: FakeClock
) -> None:
    box, now = Box(), clock.now()
    request_id, _ = await sender.archive(office, an_archive(), notify=["support@example.fr"])
    await office.areas.log_requests.settle()
    async with office.areas.database.transaction() as tx:
        killed = await take_notice(tx, now=now, until=now + timedelta(minutes=10), completed_after=now - DAY)
    assert killed is not None
    assert killed == Notice(request_id, 1)
    async with serving(box) as post:
        clock.advance(599)
        assert await sender.to(None, post).tell() == 0
        clock.advance(1)
        assert await sender.to(None, post).tell() == 1
    assert len(box.held) == 1
    async with office.areas.database.transaction() as tx:
        await note_untold(tx, killed, "too late to say so", next_at=now)
    view = await office.areas.log_requests.view(request_id)
    assert (view.notify_attempts, view.notify_error, view.notified_at) == (2, "", clock.now())


async def test_a_recipient_whom_the_server_refuses_is_named_and_the_others_are_told(
    sender: Sender, office: Office
) -> None:
    box = Choosy()
    request_id, _ = await sender.archive(office, an_archive(), notify=["chef@example.fr", "gone@example.fr"])
    await office.areas.log_requests.settle()
    async with serving(box) as post:
        assert await sender.to(None, post).tell() == 1
    view = await office.areas.log_requests.view(request_id)
    assert (len(box.held), view.notified_at is not None) == (1, True)
    assert view.notify_error == "gone@example.fr: 550 no such user"


async def test_where_there_is_no_mail_server_it_is_said_and_in_the_end_given_up(
    sender: Sender, office: Office, clock: FakeClock
) -> None:
    request_id, _ = await sender.archive(office, an_archive(), notify=["support@example.fr"])
    await office.areas.log_requests.settle()
    assert await sender.to(None).tell() == 0
    view = await office.areas.log_requests.view(request_id)
    assert view.notify_error.startswith("no mail server is configured: see mail.toml")
    clock.advance(TOLD_WITHIN.total_seconds() + 1)
    box = Box()
    async with serving(box) as post:
        assert [await sender.to(None, post).tell() for _ in range(2)] == [0, 0]
    assert box.held == []
    view = await office.areas.log_requests.view(request_id)
    assert (view.notify_error.count("given up: "), view.notify_attempts, view.notified_at) == (1, 1, None)


async def _again(sender: Sender) -> None:
    async with sender.areas.database.transaction() as tx:
        await tx.execute("UPDATE log_forwards SET state = 'waiting', next_at = begun_at")
