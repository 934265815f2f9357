"""`make windows`: everything into `build/windows`; two runs give the same bytes.

python -m tools.windows [--version 1.8.0] [--out DIR] [--python-zip FILE --python-sha256 HEX]
                        [--root-file root.json] [--policy-file policy.toml]

The installers carry the vendor's pinned root, and a policy for PCs that have none. CANOPEE_SIGN_CERT and
CANOPEE_SIGN_KEY, or CANOPEE_SIGN_COMMAND, sign all of it (tools/windows/signing.py).
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from tools.windows import msi, nsis
from tools.windows.build import VERSION, Built, Plan, build
from tools.windows.freshness import alone, is_built
from tools.windows.parts import Parts
from tools.windows.runtime import official_zip
from tools.windows.signing import Signer, SigningError, signer
from tools.windows.toolchain import ROOT, BuildError


def main() -> int:
    """Exit codes: 0 ok, 1 failed, 2 usage."""
    parser = argparse.ArgumentParser(prog="python -m tools.windows", description="Build the agent for Windows.")
    parser.add_argument("--version", default=VERSION, help=f"of the agent; {VERSION} when not given")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "windows", help="folder to write")
    parser.add_argument(
        "--if-needed", action="store_true", help="do nothing when nothing changed since the last build"
    )
    parser.add_argument(
        "--python-zip", type=Path, help="an embeddable CPython 3.11 for amd64, as python.org has it"
    )
    parser.add_argument("--python-sha256", help="what that file must be")
    parser.add_argument("--root-file", type=Path, help="root.json that the installers carry")
    parser.add_argument("--policy-file", type=Path, help="policy.toml that the installers carry, for new PCs")
    given = parser.parse_args()
    if bool(given.python_zip) != bool(given.python_sha256):
        parser.error("--python-zip and --python-sha256 go together")
    subprocess.run([ROOT / "tools" / "windows" / "setup"], check=True)  # noqa: S603  our own script
    began = time.monotonic()
    try:
        python = official_zip(given.python_zip, given.python_sha256) if given.python_zip else None
        key = signer()
        plan = Plan(given.version, given.out, python, key.sign if key else None)
        with alone(given.out):
            if given.if_needed and is_built(plan):
                return 0
            built = build(plan)
            made = [] if given.if_needed else _installers(built, given.root_file, given.policy_file, key)
    except (BuildError, SigningError) as error:
        print(f"windows: {error}", file=sys.stderr)
        return 1
    for path in (built.archive, *made):
        print(f"windows: {path}: {path.stat().st_size:,} bytes")
    print(f"windows: {'signed' if key else 'not signed'}, made in {time.monotonic() - began:.1f} s")
    return 0


def _installers(built: Built, root: Path | None, policy: Path | None, key: Signer | None) -> list[Path]:
    parts = Parts(
        version=built.version, slot=built.slot, launcher=built.launcher, icon=built.icon, root=root, policy=policy
    )
    return [kind.build(parts, built.archive.parent, key) for kind in (nsis, msi)]


if __name__ == "__main__":
    sys.exit(main())
