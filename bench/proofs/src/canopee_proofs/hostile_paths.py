"""Paths that try to lead out of a folder, by the rules of Windows and of Linux; for the proof `paths`."""

import random
from itertools import product

_UP = ("..", "...", ". .", "..\x00", "%2e%2e", "..;", "\u2024\u2024", "\uff0e\uff0e", ".. ", " ..")
_DEVICES = ("NUL", "CON", "con.txt", "COM1", "LPT¹.log", "AUX .txt", "CONIN$", "PhysicalDrive0")
_NAMES = (
    "secret.txt", "SECRET.TXT", "secret.txt.", "secret.txt ", "secret.txt::$DATA", "secret.txt:x", "SECRET~1.TXT",
)  # fmt: skip
_PREFIXES = (
    "\\\\?\\C:\\", "\\\\.\\C:\\", "\\\\?\\UNC\\localhost\\C$\\", "\\\\localhost\\C$\\", "\\\\127.0.0.1\\C$\\",
    "\\??\\C:\\", "\\\\?\\GLOBALROOT\\Device\\HarddiskVolume1\\", "C:", "c:/", "//localhost/C$/", "\\", "/",
    "file:///C:/", "%SystemDrive%\\", "D:\\", "\\\\?\\Volume{11111111-2222-3333-4444-555555555555}\\",
)  # fmt: skip
_TWISTS = (
    "{}",
    "{}\\",
    "{}/",
    "{}\\.",
    "{}\x00.txt",
    "{}\n",
    "\n{}",
    "{}\x1b[2J",
    "{}*",
    "{}?",
    " {}",
    '"{}"',
    "{}|x",
)


def windows_paths(root: str, outside: str) -> list[str]:
    r"""Some hundred paths; `root` is the folder that is allowed (`C:\Root`), `outside` one beside it."""
    paths = [f"{root}\\{up}\\{_last(outside)}\\{name}" for up, name in product(_UP, _NAMES[:3])]
    paths += [
        root + "\\a" * depth + "\\.." * (depth + 1) + f"\\{_last(outside)}\\secret.txt" for depth in range(8)
    ]
    paths += [f"{outside}\\{name}" for name in _NAMES]
    paths += [f"{prefix}{outside[3:]}\\{name}" for prefix, name in product(_PREFIXES, _NAMES[:2])]
    paths += [f"{prefix}{root[3:]}\\ok.txt" for prefix in _PREFIXES]
    paths += [f"{root}\\{device}" for device in _DEVICES] + [f"\\\\.\\{device}" for device in _DEVICES]
    paths += [
        f"{root}\\{link}\\secret.txt" for link in ("link", "LINK", "link.", "sub\\link", "short~1", "junction")
    ]
    paths += [
        f"{root}\\link.txt",
        f"{root}\\loop\\x",
        f"{root}x\\secret.txt",
        f"{root} \\secret.txt",
        root.lower() + "x",
    ]
    paths += [
        root + "\\d" * 200 + "\\x",
        root + "\\" + "n" * 300,
        root[:2] + "secret.txt",
        "",
        ".",
        "..",
        "~",
        "\x00",
    ]
    twisted = (f"{outside}\\secret.txt", f"{root}\\..\\{_last(outside)}\\secret.txt", f"{root}\\link\\secret.txt")
    paths += [twist.format(path) for twist, path in product(_TWISTS, twisted)]
    paths += [path.replace("\\", "/") for path in list(paths)]
    return list(dict.fromkeys(paths))


def linux_paths(root: str, outside: str) -> list[str]:
    """Some hundred paths; `root` is the folder that is allowed, `outside` one beside it."""
    name = outside.rpartition("/")[2]
    paths = [f"{root}/{up}/{name}/secret.txt" for up in _UP]
    paths += [f"{root}/{'a/' * depth}{'../' * (depth + 1)}{name}/secret.txt" for depth in range(12)]
    paths += [f"{root}/{slashes}..{slashes}{name}/secret.txt" for slashes in ("/", "//", "/./", "///", "/././")]
    starts = ("", "/", "//", "/.", "/..", "file://", "/proc/self/root", "/proc/1/root", "~", "$HOME", "%2f")
    far = ("/proc/self/cwd/../../../../../../..", "/dev/fd/../../self/root")
    paths += [f"{start}{outside}/secret.txt" for start in (*starts, *far)]
    paths += [
        f"{root}/{link}/secret.txt" for link in ("link", "sub/link", "link/.", "link//", "./link", "link/../link")
    ]
    paths += [
        f"{root}/link.txt",
        f"{root}/loop/x",
        f"{root}/loop",
        f"{root}x/secret.txt",
        f"{root}/sub/pipe",
        "/dev/zero",
    ]
    paths += [
        "/etc/shadow",
        "/proc/self/environ",
        "/proc/self/mem",
        "/dev/stdin",
        f"{root}/pipe",
        "",
        ".",
        "..",
        "~",
        "\x00",
    ]
    paths += [f"{root}/{'d/' * 300}x", f"{root}/{'n' * 300}", f"{root}/\udcff", f"{root}/{'é' * 200}"]
    twisted = (f"{outside}/secret.txt", f"{root}/../{name}/secret.txt", f"{root}/link/secret.txt", f"{root}/link")
    paths += [twist.format(path) for twist, path in product((*_TWISTS, "{}/..", "{}/../link/secret.txt"), twisted)]
    paths += [f"{path}/../{name}/secret.txt" for path in (f"{root}/sub", f"{root}/link", f"{root}/ok.txt", root)]
    paths += [path.upper() for path in twisted] + [path.replace("/", "\\") for path in twisted]
    paths += windows_paths("C:\\Root", "C:\\Outside")
    return list(dict.fromkeys(paths))


def mutated(draw: random.Random, path: str) -> str:
    """A path that differs from `path` in one to three places."""
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(path) + 1)
        piece = draw.choice(
            ("..", "/", "\\", "//", ".", " ", ":", "\x00", "*", "**", "link", "../", "..\\", "é", "~1", "C:", "")
        )
        path = path[:at] + piece + path[at + draw.choice((0, 0, 1, 3)) :]
    return path


def _last(folder: str) -> str:
    return folder.rpartition("\\")[2]
