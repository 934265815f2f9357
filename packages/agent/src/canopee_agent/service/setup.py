"""Set an installed agent up and take it down: what every installer calls, so that it is written once.

A set-up begins with every refusal; from there on it only makes things what they should be, so that it may be run
again after any cut: a first installation, an upgrade in place and a repair are the same call.
"""

import shutil
import ssl
from pathlib import Path

import msgspec

from canopee_agent.engine.policy import read_policy
from canopee_agent.errors import BusyError, DeniedError, StateError
from canopee_agent.installed import Installed
from canopee_agent.service.config import Config, Home, check_url
from canopee_agent.service.files import write_private
from canopee_agent.service_ports import ServiceHost
from canopee_agent.slots import Slots
from canopee_contract.version import version_key
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_LONGEST_ANSWER = 1_000
_LARGEST_FILE = 1_048_576
LAUNCHER = "launcher.exe"


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What the installer was told; empty: keep what is there."""

    server_url: str = ""
    enrolment_token: str = ""
    practice_id: str = ""
    ca_file: str = ""
    root_file: str = ""
    policy_file: str = ""
    folder: str = ""
    """Where the installer lies: files are named relative to it, and `root.json` may lie there."""
    is_delayed: bool = False
    """The service starts some two minutes after the others."""


class _Plan(msgspec.Struct, frozen=True):
    """What a set-up writes, all of it checked."""

    config: Config
    ca: bytes | None
    root: bytes
    policy: bytes | None


def check(answers: Answers, place: Installed) -> None:
    """Refuse what a set-up would refuse; nothing is changed.

    Raises:
        StateError: no server, an address in clear, a file that is not what it should be, a newer version is there.
    """
    _refuse_downgrade(place)
    _plan(answers, place)


def set_up(answers: Answers, place: Installed, host: ServiceHost, *, starts: bool = True) -> None:
    """Install, upgrade or repair the agent whose files lie in `place`, and start it.

    Raises:
        StateError: as `check`; or Windows refuses something.
        DiskError: the disk is full.
    """
    check(answers, place)
    host.stop()
    host.take_over(place.home)
    plan = _plan(answers, place)  # again: what lay in a home that was not ours does not count
    for name in ("state", "logs"):
        (place.home / name).mkdir(exist_ok=True)
    if plan.ca is not None:
        write_private(place.home / "ca.pem", plan.ca)
    write_private(place.home / "root.json", plan.root)
    if plan.policy is not None:
        write_private(place.policy, plan.policy)
    _kept_policy(place).unlink(missing_ok=True)
    if Home(place.home).config_or_none() != plan.config:
        Home(place.home).write_config(plan.config)
    _choose(place)
    host.register(place.program / LAUNCHER, is_delayed=answers.is_delayed)
    if starts:
        host.start()
    _log.info("version %s is set up for %s", place.version, plan.config.server_url)


def take_down(place: Installed, host: ServiceHost, *, purges: bool) -> None:
    """Stop and remove the service; the data stays for the next installation, unless it `purges`.

    Raises:
        StateError: Windows refuses.
    """
    host.remove()
    if not purges and place.policy.is_file() and place.home.is_dir():
        write_private(_kept_policy(place), place.policy.read_bytes())
    if purges:
        shutil.rmtree(place.home, ignore_errors=True)
        if place.home.exists():
            raise StateError(f"{place.home} could not be removed whole: something there is in use")
    _log.info("the service is removed; its data %s", "too" if purges else f"stays in {place.home}")


def _plan(answers: Answers, place: Installed) -> _Plan:
    held = Home(place.home).config_or_none()
    for name, value in msgspec.structs.asdict(answers).items():
        if isinstance(value, str) and not (value.isprintable() and len(value) <= _LONGEST_ANSWER):
            raise StateError(f"{name} holds a character that cannot be, or is longer than {_LONGEST_ANSWER}")
    old = held or Config(server_url="")
    ca = _certificates(_file(answers, answers.ca_file)) if answers.ca_file else None
    is_enrolled = (place.home / "state" / "identity.json").is_file()
    config = Config(
        server_url=answers.server_url or old.server_url,
        enrolment_token="" if is_enrolled else answers.enrolment_token or old.enrolment_token,
        practice_id=answers.practice_id or old.practice_id,
        ca_file="ca.pem" if ca else old.ca_file,
    )
    if not config.server_url:
        raise StateError("SERVER_URL is missing: the address of the server, https://…")
    check_url(config.server_url)
    if not config.enrolment_token and not is_enrolled:
        raise StateError("ENROLMENT_TOKEN is missing: this PC is not enrolled yet")
    return _Plan(config, ca, _root(answers, place), _policy(answers, place))


def _root(answers: Answers, place: Installed) -> bytes:
    """The pinned root: the one that is named, the one held already, that of the installer, that beside it."""
    if answers.root_file:
        return _checked_root(_file(answers, answers.root_file))
    places = [place.home, place.program, *([Path(answers.folder)] if answers.folder else [])]
    found = next((folder / "root.json" for folder in places if (folder / "root.json").is_file()), None)
    if found is None:
        raise StateError("ROOT_FILE is missing: root.json, the root that this server's pipelines are signed under")
    return _checked_root(found)


def _policy(answers: Answers, place: Installed) -> bytes | None:
    """The policy that is named; else the PC keeps its own, also from before; else that of the installer."""
    if answers.policy_file:
        path = _file(answers, answers.policy_file)
        content = _read(path)
        read_policy(path)
        return content
    if place.policy.is_file():
        return None
    others = (_kept_policy(place), place.program / "policy.default.toml")
    return next((_read(path) for path in others if path.is_file()), None)


def _kept_policy(place: Installed) -> Path:
    """Where the PC's policy waits while no agent is installed."""
    return place.home / "policy.toml"


def _choose(place: Installed) -> None:
    """Have this version run: on trial when another one runs, which is returned to if it does not check in."""
    slots = Slots(place.program)
    try:
        current = slots.state().current
    except StateError:
        current = ""
    if not current or current == place.version or not slots.is_usable(current):
        slots.adopt(place.version)
        return
    try:
        slots.stage(place.version)
    except (BusyError, DeniedError) as error:  # whoever runs an installer means this version
        _log.warning("%s; it is installed without trial", error)
        slots.adopt(place.version)


def _refuse_downgrade(place: Installed) -> None:
    try:
        current = Slots(place.program).state().current
    except StateError:
        return
    new, old = version_key(place.version), version_key(current)
    if new and old and new < old:
        raise StateError(
            f"version {current} is installed, which is newer than {place.version}: uninstall it first"
        )


def _file(answers: Answers, name: str) -> Path:
    return Path(answers.folder, name) if answers.folder else Path(name)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error}") from error
    if len(content) > _LARGEST_FILE:
        raise StateError(f"{path} is larger than {_LARGEST_FILE} bytes")
    return content


def _certificates(path: Path) -> bytes:
    content = _read(path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content.decode("ascii"))
    except (UnicodeDecodeError, ValueError, OSError) as error:
        raise StateError(f"{path} holds no certificate in PEM form: {error}") from error
    return content


def _checked_root(path: Path) -> bytes:
    content = _read(path)
    try:
        kind = msgspec.json.decode(content, type=_RootFile).signed.type_
    except msgspec.DecodeError:
        kind = ""
    if kind != "root":
        raise StateError(f"{path} is not a root.json: copy it from the server's keys")
    return content


class _Signed(msgspec.Struct, rename={"type_": "_type"}):
    type_: str


class _RootFile(msgspec.Struct):
    signed: _Signed
