from typing import Any

import pytest

from canopee_agent.errors import BusyError, DeniedError, MissingError, StepError
from canopee_agent.fakes import FakeMachine
from canopee_agent.step import Ceiling
from canopee_agent.steps.read_file import FileValue, ReadFile, ReadFileParameters

FOLDER = "C:\\ProgramData\\Cabinet"
FILE = f"{FOLDER}\\cabinet.ini"
CEILING = Ceiling(
    read_roots=(FOLDER,), own_folders=(f"{FOLDER}\\Agent",), deny_globs=("*.key", "patients"), max_read_bytes=1_000
)


def _read(
    data: bytes = b"[a]\nb=1\n",
    path: str = FILE,
    machine: FakeMachine | None = None,
    **more: Any,  # noqa: ANN401  fields of the parameters
) -> tuple[Any, dict[str, Any]]:
    if machine is None:
        machine = FakeMachine("windows")
        machine.files.write(FILE, data)
    running = ReadFile().run(machine, ReadFileParameters(path, **more), CEILING)
    record = next(running)
    with pytest.raises(StopIteration) as end:
        next(running)
    return record, end.value.value.values


def test_values_are_found_and_become_outputs_and_the_text_stays_on_the_pc() -> None:
    values = (FileValue("b", "ini", "B", "A"), FileValue("c", "ini", "c", "a"), FileValue("l", "line", "b=.*"))
    record, outputs = _read(values=values)
    assert [(one.name, one.value, one.found) for one in record.values] == [
        ("b", "1", True), ("c", "", False), ("l", "b=1", True),
    ]  # fmt: skip
    assert outputs == {"b": "1", "l": "b=1"}
    assert (record.content, record.size_bytes, record.is_cut, len(record.sha256)) == ("", 8, False, 64)


@pytest.mark.parametrize(
    ("content", "encoding", "text"),
    [
        ("é€".encode(), "utf-8", "é€"),
        ("é".encode("utf-8-sig"), "utf-8", "é"),
        ("é\n".encode("utf-16"), "utf-16-le", "é\n"),
        (b"\xfe\xff" + "é".encode("utf-16-be"), "utf-16-be", "é"),
        ("sans marque".encode("utf-16-le"), "utf-16-le", "sans marque"),
        ("sans marque".encode("utf-16-be"), "utf-16-be", "sans marque"),
        ("cabinet médical à 5€".encode("cp1252"), "cp1252", "cabinet médical à 5€"),
        (b"\x80", "cp1252", "€"),
        ("ferm\u00e9".encode("cp1252"), "cp1252", "fermé"),
        (b"a\x81\x00\x1b", "cp1252", "a\ufffd\ufffd\ufffd"),
        (b"", "utf-8", ""),
    ],
)
def test_the_encoding_is_found_from_the_bytes(content: bytes, encoding: str, text: str) -> None:
    record, _ = _read(content, content=True)
    assert (record.encoding, record.content) == (encoding, text)


def test_an_encoding_that_is_given_is_used_unless_the_file_has_a_mark() -> None:
    assert _read("é".encode("cp850"), content=True, encoding="cp850")[0].content == "é"
    assert _read("é".encode("utf-8-sig"), content=True, encoding="cp850")[0].content == "é"


@pytest.mark.parametrize("part", ["head", "tail"])
@pytest.mark.parametrize("shift", [0, 1, 2])
def test_a_large_file_is_cut_at_the_ceiling_without_breaking_its_encoding(part: str, shift: int) -> None:
    content = ("x" * shift + "€" * 1_000 + "x" * (3 - shift)).encode()
    record, _ = _read(content, content=True, part=part)
    assert (record.is_cut, record.sha256, record.size_bytes, record.encoding) == (True, "", len(content), "utf-8")
    assert record.content.strip("x\ufffd") == "€" * record.content.count("€")
    assert 331 <= record.content.count("€") <= 334


def test_a_16_bit_text_is_cut_between_two_characters() -> None:
    machine = FakeMachine("windows")
    machine.files.write(FILE, ("début" + "é" * 2_000 + "fin").encode("utf-16-le"))
    odd = Ceiling(read_roots=(FOLDER,), max_read_bytes=1_001)
    parameters = ReadFileParameters(FILE, content=True, part="tail", encoding="utf-16-le")
    record: Any = next(ReadFile().run(machine, parameters, odd))
    assert record.content == "é" * 497 + "fin"


def test_a_missing_and_a_locked_file_are_reported_and_the_step_goes_on_unless_told_to_fail() -> None:
    machine = FakeMachine("windows")
    machine.files.write(FILE)
    machine.files.lock(FILE)
    wanted = (FileValue("v", "line", "x"),)
    for path, state, error in ((FILE, "locked", BusyError), (FOLDER + "\\absent", "missing", MissingError)):
        record, outputs = _read(machine=machine, path=path, values=wanted)
        assert (record.state, outputs, record.values[0].found) == (state, {}, False)
        with pytest.raises(error):
            _read(machine=machine, path=path, on_missing="fail")


OUTSIDE = "C:\\Users\\me\\secret.txt"


@pytest.mark.parametrize(
    "path",
    [
        OUTSIDE, f"{FOLDER}\\..\\..\\Users\\me\\secret.txt", f"{FOLDER}\\link.txt", f"{FOLDER}\\folder\\secret.txt",
        f"{FOLDER}\\private.KEY", f"{FOLDER}\\Patients\\list.txt", f"{FOLDER}\\agent\\policy.toml", f"{FOLDER}2\\x.txt",
        "\\\\?\\" + FILE, "\\\\.\\PhysicalDrive0", "\\\\.\\pipe\\x", f"{FILE}:stream", f"{FILE}::$DATA",
        f"{FOLDER}\\NUL", f"{FOLDER}\\com1.txt", f"{FOLDER}\\CONIN$", f"{FOLDER}\\aux .log", FILE + ".", FILE + " ",
        "cabinet.ini", "\\ProgramData\\Cabinet\\cabinet.ini", "C:cabinet.ini", "/etc/passwd", "\\\\server\\share\\x",
        f"{FOLDER}\\a\x00b", f"{FOLDER}\\a?b", "C:\\ProgramData\\\u212aabinet\\x", f"{FOLDER}\\pipe", FOLDER, "C:\\",
        "C:\\PROGRA~3\\..\\x", f"{FOLDER}\\PATIEN~1\\list.txt", f"{FOLDER}\\absent\\..\\..\\x", "", ".",
    ],
)  # fmt: skip
def test_what_the_local_policy_does_not_allow_is_never_read_in_whatever_way_it_is_written(path: str) -> None:
    machine = FakeMachine("windows")
    for held in (OUTSIDE, FILE, f"{FOLDER}\\private.key", f"{FOLDER}\\Patients\\list.txt", f"{FOLDER}2\\x.txt"):
        machine.files.write(held, b"secret")
    machine.files.write(f"{FOLDER}\\Agent\\policy.toml")
    machine.files.link(f"{FOLDER}\\link.txt", OUTSIDE)
    machine.files.link(f"{FOLDER}\\folder", "C:\\Users\\me")
    machine.files.link(f"{FOLDER}\\PATIEN~1", f"{FOLDER}\\Patients")
    machine.files.device(f"{FOLDER}\\pipe")
    with pytest.raises(DeniedError):
        _read(machine=machine, path=path)


@pytest.mark.parametrize("path", ["/etc/passwd", "/var/log/x/../../etc/passwd", "/var/log/link", "C:\\x", "~/x"])
def test_on_linux_too(path: str) -> None:
    machine = FakeMachine("linux")
    machine.files.write("/etc/passwd")
    machine.files.link("/var/log/link", "/etc/passwd")
    with pytest.raises(DeniedError):
        list(ReadFile().run(machine, ReadFileParameters(path), Ceiling(read_roots=("/var/log",))))


@pytest.mark.parametrize("path", [FILE.upper(), FILE.replace("\\", "/"), "C:\\PROGRA~3\\Cabinet\\cabinet.ini"])
def test_an_allowed_file_may_be_named_in_other_ways(path: str) -> None:
    machine = FakeMachine("windows")
    machine.files.write(FILE, b"here")
    machine.files.link("C:\\PROGRA~3", "C:\\ProgramData")
    assert _read(machine=machine, path=path, content=True)[0].content == "here"


def test_a_link_that_is_put_in_the_way_after_the_check_is_not_followed() -> None:
    machine = FakeMachine("windows")
    machine.files.write(OUTSIDE, b"secret")
    machine.files.write(FILE)
    machine.files.before = lambda call, path: machine.files.link(path, OUTSIDE) if call == "open" else None
    with pytest.raises(DeniedError, match="link"):
        _read(machine=machine)


def test_whether_a_forbidden_file_is_there_is_not_told() -> None:
    machine = FakeMachine("windows")
    machine.files.write(OUTSIDE)
    said: set[str] = set()
    for path in (OUTSIDE, OUTSIDE.replace("secret", "absent")):
        with pytest.raises(DeniedError) as refused:
            _read(machine=machine, path=path)
        said.add(refused.value.message.replace(path, "…"))
    assert len(said) == 1


def test_a_file_of_another_format_fails_the_step_and_names_the_value() -> None:
    for wanted in (FileValue("v", "json", "/a"), FileValue("v", "line", "(")):
        with pytest.raises(StepError, match="v: "):
            _read(values=(wanted,))
    with pytest.raises(StepError, match="same name"):
        _read(values=(FileValue("v", "line", "a"), FileValue("v", "line", "b")))


def test_with_no_root_nothing_at_all_is_read() -> None:
    machine = FakeMachine("windows")
    machine.files.write(FILE)
    with pytest.raises(DeniedError, match="read_roots"):
        list(ReadFile().run(machine, ReadFileParameters(FILE), Ceiling()))


def test_the_whole_text_leaves_without_personal_data_and_values_as_they_are() -> None:
    data = b"[a]\nmail=jean.dupont@example.fr\nnir=1 85 05 78 006 084 91\n"
    record, outputs = _read(data, content=True, values=(FileValue("m", "ini", "mail", "a"),))
    assert record.content == "[a]\nmail=[email_address]\nnir=[social_security_number]\n"
    assert (record.redacted, record.is_cut, outputs["m"]) == (2, False, "jean.dupont@example.fr")


def test_a_text_that_becomes_shorter_once_redacted_is_not_cut() -> None:
    record, _ = _read(b"jean.dupont.de.la.tour@example-de-cabinet.fr", content=True)
    assert (record.content, record.is_cut) == ("[email_address]", False)
