"""Documents that people, editors and transfers have spoilt: each is refused with its name, before anything is sent."""

from pathlib import Path

import pytest

from canopee.cli import main
from canopee.documents import read_condition, read_document
from canopee.errors import UsageError
from canopee_contract.codec import MAX_MESSAGE_BYTES
from canopee_kit.clock import FakeClock
from canopee_trust.ceremony import make_lab_keys
from canopee_trust.dsse import seal
from canopee_trust.keyfile import make_key

READERS = (
    ("match", "--condition", "FILE"),
    ("devices", "--condition", "FILE"),
    ("publish", "FILE"),
    ("sign", "FILE", "--out", "OUT"),
    ("campaign", "approve", "FILE", "--out", "OUT"),
    ("campaign", "preview", "FILE"),
    ("campaign", "submit", "FILE"),
    ("enrol", "rules", "set", "FILE"),
)
SPOILT = {
    "empty": b"",
    "blank": b"\n \n# nothing\n",
    "list": b"- a\n",
    "text": b"hello",
    "half": b"{",
    "tab": b"a:\n\tb: 1\n",
    "latin": "nom: caf\xe9\n".encode("latin-1"),
    "binary": b"\x7fELF\x00\xff",
    "thirteenth month": b"not_before: 2026-13-01\n",
    "no number": b"spec: !!int abc\n",
    "endless number": b"spec: " + b"9" * 5_000,
    "number of 65 bits": b"spec: 18446744073709551616\n",
    "half a character": b'name: "\\ud800"\n',
    "deep": b"[" * 1_000,
    "deep condition": b'{"all":[' * 40 + b"]}" * 40,
    "character zero": b'fact: "\\0"\n',
    "inside itself": b"&a {all: [*a]}\n",
    "python": b"!!python/object/apply:os.system [exit]\n",
    "a key that is a list": b"? [a]\n: b\n",
    "huge": b"all: []\n#" + b"x" * MAX_MESSAGE_BYTES,
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose API is away: what is sent nevertheless ends with 1."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "admin.json").write_text('{"url": "http://127.0.0.1:1", "api_key": "x"}')
    make_lab_keys(folder / "keys", FakeClock().now())
    return folder


@pytest.mark.parametrize("content", SPOILT.values(), ids=SPOILT)
@pytest.mark.parametrize("command", READERS, ids=lambda command: " ".join(command[:2]))
def test_a_document_that_was_spoilt_is_refused_with_its_name(
    command: tuple[str, ...], content: bytes, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "spoilt.yaml", tmp_path / "out"
    file.write_bytes(content)
    words = [{"FILE": str(file), "OUT": str(out)}.get(word, word) for word in command]
    assert main([*words, "--home", str(home)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"canopee: {file}: ")
    assert len(printed.err) < 1_000
    assert not out.exists()


@pytest.mark.parametrize("content", ["{", '{"all": [' * 5_000, '{"all": NaN}', "{} {}"])
def test_a_condition_that_is_typed_and_is_no_json_is_a_usage_error(content: str) -> None:
    with pytest.raises(UsageError, match="the condition is n"):
        read_condition(content)


def test_a_document_of_just_the_largest_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_bytes(b"all: []\n#".ljust(MAX_MESSAGE_BYTES, b"x"))
    assert read_document(tmp_path / "large.yaml", dict[str, object]) == {"all": []}


@pytest.mark.parametrize("payload", [b"[]", b"{}", b"\xff", b"[" * 5_000])
@pytest.mark.parametrize("command", ["sign", "campaign approve"])
def test_an_envelope_that_holds_no_campaign_gets_no_signature_of_an_approver(
    command: str, payload: bytes, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "one.json", tmp_path / "out.json"
    file.write_bytes(seal("application/vnd.canopee.campaign.v1+json", payload, [make_key("x", lab=True).key]))
    assert main([*command.split(), str(file), "--out", str(out), "--home", str(home)]) == 2
    assert f"canopee: {file}: " in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("command", ["sign", "campaign approve"])
def test_an_envelope_of_another_kind_gets_no_signature_of_an_approver(
    command: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "order.json", tmp_path / "out.json"
    file.write_bytes(seal("application/vnd.canopee.order.v1+json", b"{}", []))
    assert main([*command.split(), str(file), "--out", str(out), "--home", str(home)]) == 2
    assert "order.v1+json, which is no campaign" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    "where", ["keys dev-init --out FILE", "keys dev-init --out FILE/x", "keys online --keys FILE"]
)
def test_a_key_folder_that_cannot_be_made_is_a_usage_error(
    where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(where.replace("FILE", str(tmp_path / "file")).split()) == 2
    assert "name another folder" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"metadata": 1}', b"[" * 5_000])
def test_a_first_publication_that_was_spoilt_is_refused_with_its_name(
    content: bytes, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "publication.json").write_bytes(content)
    assert main(["publish", "--first", "--keys", str(tmp_path), "--home", str(home)]) == 2
    assert "publication.json is no publication" in capsys.readouterr().err
