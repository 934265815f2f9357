"""`python -m tools.linux [--out build/linux]`: build the .deb; the last line is its path."""

import argparse
import sys
from pathlib import Path

from tools.linux.package import ROOT, build


def main(arguments: list[str]) -> int:
    """0 when the package is there."""
    parser = argparse.ArgumentParser(prog="tools.linux", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "linux")
    print(build(parser.parse_args(arguments).out))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
