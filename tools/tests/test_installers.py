"""The installers as files: the same bytes each time, what an MSI says it does, and signatures that hold."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tools.windows import msi, nsis
from tools.windows.icon import icon
from tools.windows.parts import Parts
from tools.windows.signing import Signer, SigningError, is_signed, signer, unsigned
from tools.windows.toolchain import BuildError


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Windows program that nobody has signed."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "main.c").write_text("int main(void) { return 7; }\n")
    command = ["x86_64-w64-mingw32-gcc", "-Os", "-s", "-Wl,--no-insert-timestamp", "-o", "main.exe", "main.c"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "main.exe"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A test authority `ca.pem`, and a code-signing certificate of it: `code.pem`, `code.key`."""
    folder = tmp_path_factory.mktemp("authority")
    (folder / "code.ext").write_text("extendedKeyUsage=codeSigning\nkeyUsage=critical,digitalSignature\n")
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=Authority -keyout ca.key -out ca.pem",
        "req -newkey rsa:2048 -nodes -subj /CN=Vendor -keyout code.key -out code.csr",
        "x509 -req -in code.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile code.ext -out code.pem",
    ):
        _openssl(folder, command)
    return folder


@pytest.fixture
def parts(tmp_path: Path, program: Path) -> Parts:
    slot = tmp_path / "slot"
    (slot / "lib" / "pkg").mkdir(parents=True)
    for path in (slot / "agent.exe", slot / "lib" / "pkg" / "native.pyd", tmp_path / "launcher.exe"):
        path.write_bytes(program.read_bytes())
    (slot / "lib" / "pkg" / "é & 'quoted'.txt").write_text("data")
    (slot / "version.txt").write_text("1.8.0-3fa9c2d1\n")
    (tmp_path / "canopee.ico").write_bytes(icon())
    (tmp_path / "root.json").write_text("{}")
    return Parts(
        version="1.8.0-3fa9c2d1", slot=slot, launcher=tmp_path / "launcher.exe", icon=tmp_path / "canopee.ico",
        root=tmp_path / "root.json",
    )  # fmt: skip


def _openssl(folder: Path, command: str) -> None:
    subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)  # noqa: S607  of the PATH


def _signer(authority: Path) -> Signer:
    paths = {"CANOPEE_SIGN_CERT": "code.pem", "CANOPEE_SIGN_KEY": "code.key"}
    found = signer({name: str(authority / path) for name, path in paths.items()})
    assert found is not None
    return found


def _table(path: Path, name: str) -> Mapping[str, list[str]]:
    command = ["msiinfo", "export", path, name]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in told.splitlines()[3:]]
    return {row[0]: row[1:] for row in rows}


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("1.8.0", "1.8.0.0"), ("1.8.0-3fa9c2d1", "1.8.0.0"), ("2", "2.0.0.0"), ("1.2.3.4", "1.2.3.0")],
)
def test_a_version_is_four_numbers_for_windows(parts: Parts, version: str, numbers: str) -> None:
    assert Parts(version=version, slot=parts.slot, launcher=parts.launcher, icon=parts.icon).numbers == numbers


def test_a_version_without_numbers_is_refused(parts: Parts) -> None:
    with pytest.raises(BuildError, match="does not begin with numbers"):
        _ = Parts(version="next", slot=parts.slot, launcher=parts.launcher, icon=parts.icon).numbers


def test_two_builds_of_the_same_parts_give_the_same_bytes(parts: Parts, tmp_path: Path) -> None:
    for build in (msi.build, nsis.build):
        first, second = build(parts, tmp_path / "a"), build(parts, tmp_path / "b")
        assert first.read_bytes() == second.read_bytes()
        assert first.name.startswith("canopee-agent-1.8.0-3fa9c2d1")


def test_another_content_is_another_product_that_upgrades_the_first(parts: Parts, tmp_path: Path) -> None:
    first = _table(msi.build(parts, tmp_path / "a"), "Property")
    (parts.slot / "version.txt").write_text("1.8.1\n")
    second = _table(msi.build(parts, tmp_path / "b"), "Property")
    assert first["ProductCode"] != second["ProductCode"]
    assert first["UpgradeCode"] == second["UpgradeCode"]


def test_an_msi_takes_its_answers_and_hides_the_token(parts: Parts, tmp_path: Path) -> None:
    path = msi.build(parts, tmp_path)
    properties = _table(path, "Property")
    assert {"SERVER_URL", "ENROLMENT_TOKEN", "PRACTICE_ID", "CA_FILE", "PURGE"} <= set(
        properties["SecureCustomProperties"][0].split(";")
    )
    assert properties["MsiHiddenProperties"] == ["ENROLMENT_TOKEN;Setup"]
    kind, _, command, *_ = _table(path, "CustomAction")["Setup"]
    assert int(kind) & 0x2000, "the command line of the set-up would be in the log"
    assert '--enrolment-token="[ENROLMENT_TOKEN]"' in command


def test_an_msi_removes_the_old_version_within_the_transaction_and_sets_up_last(
    parts: Parts, tmp_path: Path
) -> None:
    steps = {
        name: int(row[1]) for name, row in _table(msi.build(parts, tmp_path), "InstallExecuteSequence").items()
    }
    order = sorted(steps, key=steps.__getitem__)
    wanted = [
        "InstallInitialize", "RemoveExistingProducts", "Teardown", "StopServices", "RemoveFiles", "Sweep",
        "InstallFiles", "Setup", "InstallFinalize",
    ]  # fmt: skip
    assert [name for name in order if name in wanted] == wanted


def test_an_msi_cannot_be_told_to_install_where_users_may_write(parts: Parts, tmp_path: Path) -> None:
    folders = _table(msi.build(parts, tmp_path), "Directory")
    assert not [name for name in folders if name.isupper() and name != "TARGETDIR"]


def test_a_signature_holds_until_one_byte_is_changed(parts: Parts, authority: Path, tmp_path: Path) -> None:
    key = _signer(authority)
    made = [build(parts, tmp_path / "out", key) for build in (msi.build, nsis.build)]
    key.sign(parts.launcher)
    for path in (*made, parts.launcher):
        assert is_signed(path, authority / "ca.pem")
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        assert not is_signed(path, authority / "ca.pem")


def test_a_signature_of_somebody_else_does_not_count(program: Path, authority: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    command = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=Other -keyout other.key -out other.pem"
    _openssl(tmp_path, command)
    path = tmp_path / "main.exe"
    path.write_bytes(program.read_bytes())
    assert not is_signed(path, authority / "ca.pem")
    _signer(authority).sign(path)
    assert not is_signed(path, other)


def test_what_nobody_has_signed_is_found_and_what_is_signed_is_left(parts: Parts, authority: Path) -> None:
    agent, native = parts.slot / "agent.exe", parts.slot / "lib" / "pkg" / "native.pyd"
    assert unsigned(parts.slot) == [agent, native]
    _signer(authority).sign(native)
    assert unsigned(parts.slot) == [agent]
    (parts.slot / "cut.dll").write_bytes(b"MZ")
    assert parts.slot / "cut.dll" in unsigned(parts.slot)


def test_a_key_that_is_elsewhere_signs_by_a_command(program: Path, tmp_path: Path) -> None:
    path = tmp_path / "main.exe"
    path.write_bytes(program.read_bytes())
    found = signer({"CANOPEE_SIGN_COMMAND": "truncate --size=0"})
    assert found is not None
    found.sign(path)
    assert path.stat().st_size == 0


def test_the_uninstaller_is_signed_too_and_the_set_up_program_last(parts: Parts, tmp_path: Path) -> None:
    log = tmp_path / "it's signed.log"
    key = Signer(command=("sh", "-c", 'basename "$1" >> "$0"', str(log)))
    made = nsis.build(parts, tmp_path / "out", key)
    uninstaller, last = log.read_text().splitlines()
    assert (uninstaller != made.name, last) == (True, made.name)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"CANOPEE_SIGN_CERT": "/nothing"}, "CANOPEE_SIGN_CERT names no file"),
        ({"CANOPEE_SIGN_CERT": __file__}, "CANOPEE_SIGN_KEY names no file"),
        ({"CANOPEE_SIGN_KEY": __file__}, "CANOPEE_SIGN_CERT names no file"),
    ],
)
def test_half_of_what_signing_needs_is_refused(environment: dict[str, str], said: str) -> None:
    with pytest.raises(SigningError, match=said):
        signer(environment)


def test_a_certificate_that_is_none_signs_nothing(program: Path, tmp_path: Path) -> None:
    path = tmp_path / "main.exe"
    path.write_bytes(program.read_bytes())
    with pytest.raises(SigningError, match=r"main\.exe is not signed"):
        Signer(certificate=__file__, key=__file__).sign(path)
    with pytest.raises(SigningError, match=r"main\.exe is not signed"):
        Signer(command=("false",)).sign(path)
    assert path.read_bytes() == program.read_bytes()


def test_nothing_is_signed_when_nothing_is_given() -> None:
    assert signer({}) is None
