import base64
import shutil
from pathlib import Path

from canopee_api.testing import Office
from canopee_trust.repository import version_of
from canopee_trust.rotation import adopt, rotate


async def test_every_root_of_a_chain_of_rotations_is_served(office: Office, keys: Path, tmp_path: Path) -> None:
    trust = office.areas.trust
    offline = shutil.copytree(keys / "offline", tmp_path / "offline")  # other tests share the folder
    for _ in range(3):
        newest = {role: base64.b64decode(raw) for role, raw in (await trust.newest()).roles.items()}
        await trust.publish(rotate(newest, "root", offline, office.areas.clock.now()), by="test")
        adopt("root", offline)
    served = [version_of(await trust.metadata_file(f"{number}.root.json")) for number in (1, 2, 3, 4)]
    assert served == [1, 2, 3, 4]
    assert next(role.version for role in trust.key_life().roles if role.role == "root") == 4
