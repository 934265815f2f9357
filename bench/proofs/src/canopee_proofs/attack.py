"""Finding the attacks, and carrying one out.

An attack is a public function of a module of `attacks/` that takes a `World`; its name is a sentence, its docstring
says what is tried. It arranges what the attacker sends, and may run rounds; then the agent runs two rounds more, and
nothing may have run. Afterwards the server is honest again and the agent must obey it. Whatever the operator has to do
for that is what the attack returns (a function), and its docstring says so.
"""

import contextlib
import importlib
import inspect
import logging
import pkgutil
import random
import shutil
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from canopee_kit.logs import get_logger
from canopee_proofs import attacks
from canopee_proofs.hostile import BrokenError, Repair, World

Function: TypeAlias = Callable[[World], Repair | None]


class Attack(msgspec.Struct, frozen=True):
    """One way to make an agent run what it must not run."""

    subject: str
    name: str
    """A sentence, with spaces."""
    manual: str
    function: Function


def all_attacks() -> Sequence[Attack]:
    """Every attack, by subject and then as written."""
    found: list[Attack] = []
    for module_name in sorted(module.name for module in pkgutil.iter_modules(attacks.__path__)):
        module = importlib.import_module(f"{attacks.__name__}.{module_name}")
        for name, value in vars(module).items():
            is_one = inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
            if is_one:
                manual = " ".join((inspect.getdoc(value) or "").split())
                found.append(Attack(module_name, name.replace("_", " "), manual, value))
    return found


@contextlib.contextmanager
def scratch(folder: Path) -> Generator[Path]:
    """Where agents write, in silence: in memory where the machine offers it, since no power is cut here."""
    memory = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it
    place = memory / folder.name if memory.is_dir() else folder
    log = get_logger("canopee_agent")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)  # every attack is said at length
    try:
        yield place
    finally:
        log.setLevel(level)
        shutil.rmtree(place, ignore_errors=True)


def carry_out(attack: Attack, folder: Path, draw: random.Random) -> str:
    """Empty, or what was violated."""
    world: World | None = None
    try:
        world = World(folder, draw)
        repair = attack.function(world)
        for _ in range(2):
            world.round()
        world.check_untouched()
        if draw.random() < 0.5:  # noqa: PLR2004  one time in two
            world.restart()
            world.round()
            world.check_untouched()
        if repair is not None:
            repair()
        world.check_obeys()
    except BrokenError as error:
        return f"{attack.subject}: {attack.name}: {error}"
    except Exception as error:  # noqa: BLE001  that is what is looked for
        return f"{attack.subject}: {attack.name}: {type(error).__name__}: {error}"
    finally:
        if world is not None:
            world.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return ""
