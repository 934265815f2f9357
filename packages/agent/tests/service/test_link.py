"""The agent's way to its server, against real sockets of this machine: kept, cut, slow, endless and hostile."""

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from canopee_agent.errors import StateError, UnreachableError
from canopee_agent.service.cli import main
from canopee_agent.service.config import Home, check_url
from canopee_agent.service.link import MAX_REPLY_BYTES, HttpLink
from canopee_agent.service_ports import Request

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-Name: Value\r\n\r\nok"
Answer = Callable[[socket.socket, int], None]
"""Called for each request with its connection and its number, from 1, once the request was read."""


class Server:
    """Reads requests that have no body, or a body of a known length, and lets `answer` write what it wants."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.requests: list[bytes] = []
        self.connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self.connections:
            connection.close()
        self._thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections.append(connection)
            with connection:
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            while request := self._read(connection):
                self.requests.append(request)
                self._answer(connection, len(self.requests))
        except OSError:
            return

    def _read(self, connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = connection.recv(65_536)
            if not chunk:
                return b""
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += connection.recv(65_536)
        return head + b"\r\n\r\n" + body


@contextmanager
def _serving(answer: Answer, base: str = "") -> Generator[tuple[Server, HttpLink]]:
    server = Server(answer)
    try:
        with closing(HttpLink(server.url + base)) as link:
            yield server, link
    finally:
        server.close()


def _silence(_: socket.socket, __: int) -> None:
    """Answer nothing."""


def _always(raw: bytes, *, close: bool = False) -> Answer:
    def answer(connection: socket.socket, _: int) -> None:
        connection.sendall(raw)
        if close:
            connection.shutdown(socket.SHUT_RDWR)

    return answer


def test_a_connection_is_kept_and_what_is_sent_arrives() -> None:
    with _serving(_always(OK), "/base/") as (server, link):
        sent = Request("POST", "/a/b", {"authorization": "Bearer x"}, b"body")
        replies = [link.send(sent) for _ in range(3)]
        assert {(reply.status, reply.body, reply.headers["x-name"]) for reply in replies} == {
            (200, b"ok", "Value")
        }
        assert len(server.connections) == 1
        assert server.requests[0].startswith(b"POST /base/a/b HTTP/1.1\r\n")
        assert b"authorization: Bearer x\r\n" in server.requests[0]
        assert server.requests[0].endswith(b"\r\n\r\nbody")


def test_a_kept_connection_that_the_server_closed_is_opened_again_once() -> None:
    def answer(connection: socket.socket, number: int) -> None:
        if number == 2:
            connection.shutdown(socket.SHUT_RDWR)
        else:
            connection.sendall(OK)

    with _serving(answer) as (server, link):
        assert [link.send(Request("GET", "/")).status for _ in range(2)] == [200, 200]
        assert (len(server.connections), len(server.requests)) == (2, 3)


def test_a_first_request_that_is_cut_is_not_sent_again_by_itself() -> None:
    with _serving(lambda connection, _: connection.shutdown(socket.SHUT_RDWR)) as (server, link):
        with pytest.raises(UnreachableError, match="cut"):
            link.send(Request("POST", "/", {}, b"x"))
        assert len(server.requests) == 1


def test_a_connection_that_the_server_says_it_closes_is_not_used_again() -> None:
    closing = OK.replace(b"X-Name", b"Connection: close\r\nX-Name")
    with _serving(_always(closing, close=True)) as (server, link):
        assert [link.send(Request("GET", "/")).status for _ in range(3)] == [200] * 3
        assert len(server.connections) == 3


@pytest.mark.parametrize(
    "raw",
    [
        b"garbage\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", b"\r\n" * 10, b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 500 + b"\r\n", b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=["garbage", "status", "short", "chunk", "empty", "ssh", "headers", "header", "cut chunk"],
)  # fmt: skip
def test_what_is_no_whole_http_answer_is_no_answer(raw: bytes) -> None:
    with _serving(_always(raw, close=True)) as (_, link), pytest.raises(UnreachableError):
        link.send(Request("GET", "/"))


def test_an_endless_answer_is_cut_at_its_bound() -> None:
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"

    def answer(connection: socket.socket, _: int) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(MAX_REPLY_BYTES // 65_536 + 2):
            connection.sendall(chunk)

    with _serving(answer) as (_, link), pytest.raises(UnreachableError, match="larger than"):
        link.send(Request("GET", "/"))


def test_a_redirection_is_an_answer_and_is_not_followed() -> None:
    """Otherwise the token would go wherever an answer says."""
    moved = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/elsewhere\r\ncontent-length: 0\r\n\r\n"
    with _serving(_always(moved)) as (server, link):
        assert link.send(Request("GET", "/", {"authorization": "Bearer x"})).status == 302
        assert len(server.requests) == 1


def test_a_server_that_says_nothing_is_left_after_its_time() -> None:
    with _serving(_silence) as (server, link):
        with pytest.raises(UnreachableError, match="timed out"):
            link.send(Request("GET", "/", timeout_s=0.05))
        assert len(server.requests) == 1


def test_a_request_that_waits_is_ended_by_an_interruption() -> None:
    asked = threading.Event()
    with _serving(lambda _, __: asked.set()) as (server, link):

        def interrupt() -> None:
            asked.wait(10)
            link.interrupt()

        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(UnreachableError):
            link.send(Request("GET", "/", timeout_s=60))
        thread.join()
        assert len(server.requests) == 1


def test_after_an_answer_that_failed_the_next_request_begins_afresh() -> None:
    def answer(connection: socket.socket, number: int) -> None:
        connection.sendall(b"garbage\r\n\r\n" if number == 1 else OK)
        if number == 1:
            connection.shutdown(socket.SHUT_RDWR)

    with _serving(answer) as (_, link):
        with pytest.raises(UnreachableError):
            link.send(Request("GET", "/"))
        assert link.send(Request("GET", "/")).body == b"ok"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.fr:99999", "https://example.fr:x", "https://[::1", "http://127.0.0.1:-1", "https://u:p@example.fr",
        "https://example.fr/?a=1", "https://example.fr/#x", "http://127.0.0.1@example.fr", "http://0x7f.1", "file:///etc",
        "http://localhost.example.fr", "//example.fr", "https:example.fr", "", "http://[::ffff:8.8.8.8]",
    ],
)  # fmt: skip
def test_an_address_that_is_none_or_not_safe_is_said_in_a_sentence(url: str) -> None:
    with pytest.raises(StateError, match="server_url"):
        check_url(url)


@pytest.mark.parametrize(
    "url", ["https://example.fr", "https://example.fr:8443/canopee", "http://localhost:1", "http://127.8.9.1", "http://[::1]:80"]
)  # fmt: skip
def test_https_anywhere_and_http_to_this_machine_are_accepted(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "content", [None, b"", b"not a certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_certificate_authority_that_is_none_is_said_by_its_file(tmp_path: Path, content: bytes | None) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_bytes(content)
    with pytest.raises(StateError, match=r"ca\.pem cannot be used"):
        HttpLink("https://example.fr", ca_file)


def test_a_missing_authority_ends_the_command_with_its_name_and_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "agent.toml").write_text('server_url = "https://example.fr"\nca_file = "nothing.pem"\n')
    (tmp_path / "root.json").write_text("{}")
    assert main(["run", "--once", "--home", str(tmp_path)]) == 78
    assert "nothing.pem" in capsys.readouterr().err


def test_a_server_that_is_not_there_ends_one_round_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "agent.toml").write_text('server_url = "http://127.0.0.1:1"\nenrolment_token = "t"\n')
    (tmp_path / "root.json").write_text("{}")
    assert main(["run", "--once", "--home", str(tmp_path)]) == 1
    assert "does not answer" in capsys.readouterr().err


def test_files_saved_by_the_notepad_of_windows_are_read(tmp_path: Path) -> None:
    """It begins them with a byte order mark, which is no TOML."""
    (tmp_path / "agent.toml").write_text('server_url = "https://example.fr"\r\n', "utf-8-sig")
    assert Home(tmp_path).config().server_url == "https://example.fr"
