"""The zip that `canopee release publish` takes: the files of a slot, and the manifest that names each of them."""

import hashlib
from pathlib import Path

from canopee_contract.codec import encode
from canopee_contract.release import MANIFEST, ReleaseFile, ReleaseManifest
from tools.windows.archives import files_of, write_zip


def write_release(slot: Path, version: str, path: Path) -> None:
    """Write the release of a slot for Windows; the same slot gives the same bytes."""
    contents = {name: (slot / name).read_bytes() for name in files_of(slot)}
    told = {name: ReleaseFile(hashlib.sha256(raw).hexdigest(), len(raw)) for name, raw in contents.items()}
    manifest = encode(ReleaseManifest(1, version, "win-x64", told))
    write_zip(path, [*contents.items(), (MANIFEST, manifest)])
