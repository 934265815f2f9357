"""The type of what every command adds itself to."""

import argparse
from typing import TypeAlias

# argparse hands it out but gives it no public name.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
