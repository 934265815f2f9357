"""What `make windows` builds: the same bytes twice, whole, with nothing that does not belong on a PC."""

import hashlib
import importlib.metadata
import json
import struct
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from packaging.requirements import Requirement

from canopee_agent.launcher import file_version
from tools.windows.build import VERSION, Built, Plan, build, stamp
from tools.windows.bytecode import compile_here, compile_under_wine
from tools.windows.distributions import SHIPPED, is_shipped
from tools.windows.icon import SIZES, icon
from tools.windows.launcher import VERSION as LAUNCHER_VERSION
from tools.windows.runtime import FILES, PINNED, downloaded, official_zip
from tools.windows.toolchain import ROOT, BuildError, compile_library, numbers

pytestmark = [pytest.mark.xdist_group("windows-build"), pytest.mark.windows, pytest.mark.timeout(400)]
_WINDOWS = {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"}


@pytest.fixture(scope="module")
def built() -> Path:
    """`build/windows`, as `make windows` leaves it."""
    subprocess.run([sys.executable, "-m", "tools.windows", "--if-needed"], cwd=ROOT, check=True)
    return ROOT / "build" / "windows"


@pytest.fixture(scope="module")
def manifest(built: Path) -> dict[str, Any]:
    return json.loads((built / "manifest.json").read_text())


@pytest.fixture(scope="module")
def ours(built: Path) -> list[str]:
    """The names in `app.zip`."""
    with zipfile.ZipFile(built / "slot" / "app.zip") as archive:
        return archive.namelist()


def _wine(*argv: str | Path) -> "subprocess.CompletedProcess[str]":
    script = '. tools/wine/env.sh; exec "$0" -S -E tools/wine/run.py -t 120 "$@"'
    return subprocess.run(
        ["/bin/bash", "-c", script, sys.executable, *argv], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_a_second_build_gives_the_same_bytes(built: Path, manifest: dict[str, Any], tmp_path: Path) -> None:
    again = build(Plan(VERSION, tmp_path / "again"))
    assert json.loads(again.manifest.read_text()) == manifest
    assert again.archive.read_bytes() == (built / again.archive.name).read_bytes()


def test_the_manifest_tells_every_file_and_the_archive_holds_them(built: Path, manifest: dict[str, Any]) -> None:
    with zipfile.ZipFile(built / f"canopee-agent-{VERSION}-win-x64.zip") as archive:
        assert sorted(archive.namelist()) == sorted([*manifest["slot"], "manifest.json"])  # the release's own
        for name, described in manifest["slot"].items():
            for content in (archive.read(name), (built / "slot" / name).read_bytes()):
                assert (hashlib.sha256(content).hexdigest(), len(content)) == (
                    described["sha256"],
                    described["bytes"],
                )
    assert (manifest["version"], manifest["launcher"]) == (VERSION, LAUNCHER_VERSION)


def test_the_slot_works_on_windows_with_all_that_it_needs(built: Path) -> None:
    tried = _wine(built / "slot" / "agent.exe", "selftest")
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert set(json.loads(tried.stdout)) >= {"modules", "step_kinds", "signatures", "compression"}
    assert _wine(built / "slot" / "agent.exe", "--version").stdout.strip() == VERSION
    assert _wine(built / "launcher.exe", "--version").stdout.strip() == LAUNCHER_VERSION
    kinds = json.loads(_wine(built / "slot" / "agent.exe", "steps").stdout)
    files = {path.stem for path in (ROOT / "packages/agent/src/canopee_agent/steps").glob("[a-z]*.py")}
    assert {kind["name"] for kind in kinds} == files


def test_nothing_of_tests_of_linux_or_of_sources_goes_to_pcs(built: Path, ours: list[str]) -> None:
    assert not [name for name in ours if "testing" in name or "fake" in name or "canopee_agent/linux" in name]
    assert not [name for name in ours if name.endswith((".py", ".pyi")) or name.startswith("urllib3/")]
    assert not [
        path for path in (built / "slot").rglob("*") if path.suffix in {".py", ".pyi"} or "_cffi" in path.name
    ]


def test_what_the_agent_depends_on_is_shipped_and_no_more() -> None:
    found: set[str] = set()
    waiting = ["canopee-agent"]
    while waiting:
        for line in importlib.metadata.requires(waiting.pop()) or ():
            needed = Requirement(line)
            if needed.marker is not None and not needed.marker.evaluate({**_WINDOWS, "extra": ""}):
                continue
            if needed.name not in found:
                found.add(needed.name)
                waiting.append(needed.name)
    third_parties = {name for name in found if not name.startswith("canopee-")}
    assert third_parties - {"urllib3", "typing-extensions"} == set(SHIPPED)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tuf/api/metadata.py", True), ("msgspec/_core.cp311-win_amd64.pyd", True), ("msgspec/__init__.pyi", False),
        ("tuf-7.0.1.dist-info/METADATA", False), ("../../bin/tool.exe", False), ("psutil/tests/test_all.py", False),
        ("zstandard/_cffi.cp311-win_amd64.pyd", False), ("msgspec/py.typed", False),
    ],
)  # fmt: skip
def test_of_a_library_what_runs_is_shipped(path: str, expected: bool) -> None:  # noqa: FBT001  a parameter of the test
    assert is_shipped(PurePosixPath(path)) is expected


def test_programs_say_who_they_are_in_two_languages(built: Path) -> None:
    for path, version in ((built / "launcher.exe", LAUNCHER_VERSION), (built / "slot" / "agent.exe", VERSION)):
        assert ",".join(map(str, file_version(path))) == numbers(version)
        content = path.read_bytes()
        assert "Canopée agent".encode("utf-16-le") in content
        assert "Agent Canopée".encode("utf-16-le") in content
    launcher = (built / "launcher.exe").read_bytes()
    assert "retour à la version".encode("utf-16-le") in launcher
    assert "was returned to version".encode("utf-16-le") in launcher


def test_the_agent_tells_windows_that_it_knows_long_paths_and_windows_10(built: Path) -> None:
    program = (built / "slot" / "agent.exe").read_bytes()
    assert b">true</longPathAware>" in program
    assert b"{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}" in program


def test_the_launcher_needs_three_libraries_that_every_windows_has(built: Path) -> None:
    told = subprocess.run(
        ["/usr/bin/x86_64-w64-mingw32-objdump", "-p", built / "launcher.exe"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    needed = {line.split()[-1].lower() for line in told.stdout.splitlines() if "DLL Name" in line}
    assert needed == {"advapi32.dll", "kernel32.dll", "msvcrt.dll"}


def test_the_list_of_parts_names_each_with_its_licence_and_hashes(built: Path, manifest: dict[str, Any]) -> None:
    document = json.loads((built / f"canopee-agent-{VERSION}-win-x64.cdx.json").read_text())
    parts = {part["name"]: part for part in document["components"]}
    assert {*SHIPPED, "CPython", "OpenSSL", "SQLite"} <= set(parts)
    assert (parts["CPython"]["version"], parts["OpenSSL"]["version"]) == ("3.11.9", "3.0.13")
    assert parts["CPython"]["hashes"][0]["content"] == PINNED["python311.dll"]
    assert all(part["version"] for part in parts.values())
    assert all(parts[name]["licenses"] for name in SHIPPED)
    files = {one["name"]: one["hashes"][0]["content"] for one in document["metadata"]["component"]["components"]}
    assert files == {name: one["sha256"] for name, one in manifest["slot"].items()}
    assert {reference for one in document["dependencies"] for reference in one["dependsOn"]} == {
        part["bom-ref"] for part in document["components"]
    }


def test_the_same_slot_stamped_as_another_version_says_so(built: Path, tmp_path: Path) -> None:
    stamp(built / "slot", "9.8.7", tmp_path / "other")
    assert _wine(tmp_path / "other" / "agent.exe", "--version").stdout.strip() == "9.8.7"
    assert (tmp_path / "other" / "python311.dll").stat().st_ino == (built / "slot" / "python311.dll").stat().st_ino


def test_a_python_of_ones_own_must_be_the_file_that_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "python.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in (*FILES, "python311.zip", "LICENSE.txt"):
            archive.write(downloaded() / name, name)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    folder = official_zip(path, sha256.upper())
    assert {one.name for one in folder.iterdir()} == {*FILES, "python311.zip", "LICENSE.txt"}
    with pytest.raises(BuildError, match="not the file that was meant"):
        official_zip(path, "0" * 64)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("python311.dll", b"MZ")
    with pytest.raises(BuildError, match="holds no"):
        official_zip(path, hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_version_that_cannot_be_a_folder_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="cannot be a version"):
        build(Plan("../1", tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_bytecode_is_the_same_whoever_compiles_it() -> None:
    sources = {"a/b.py": b"def f(x: int) -> str:\n    'doc'\n    assert x\n    return f'{x:>{x}}'\n"}
    assert compile_under_wine(sources) == compile_here(sources)


def test_c_that_does_not_compile_is_told_with_the_words_of_the_compiler(tmp_path: Path) -> None:
    (tmp_path / "x.c").write_text("int f(void) { return y; }\n")
    with pytest.raises(BuildError, match="undeclared"):
        compile_library(tmp_path / "x.so", [tmp_path / "x.c"])


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.8.0", "1,8,0,0"), ("1.8.0-3fa9c2d1", "1,8,0,0"), ("2", "2,0,0,0"), ("1.2.3.4.5", "1,2,3,4")],
)
def test_a_version_is_four_numbers_for_windows(version: str, expected: str) -> None:
    assert numbers(version) == expected


def test_the_icon_has_the_sizes_of_windows_and_clear_corners() -> None:
    content = icon()
    reserved, kind, count = struct.unpack_from("<HHH", content)
    assert (reserved, kind, count) == (0, 1, len(SIZES))
    for number, size in enumerate(SIZES):
        width, height, _, _, _, bits, length, place = struct.unpack_from("<BBBBHHII", content, 6 + 16 * number)
        pixels = content[place + 40 : place + 40 + size * size * 4]
        assert (width, height, bits, length) == (size, size, 32, len(content[place : place + length]))
        assert (pixels[3], pixels[-1]) == (0, 0)
        assert any(pixels[index] == 255 for index in range(3, len(pixels), 4))


def test_what_was_built_is_named(built: Path) -> None:
    names = {path.name for path in built.iterdir()}
    assert {"launcher.exe", "slot", "canopee.ico", "manifest.json"} < names
    assert set(Built.__struct_fields__) == {"version", "launcher", "slot", "icon", "archive", "manifest", "sbom"}
