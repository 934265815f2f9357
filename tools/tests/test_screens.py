import io
from pathlib import Path

from PIL import Image

from tools.browser.screens import Screen, screens, smaller


def test_the_folders_of_features_are_the_list_of_screens(tmp_path: Path) -> None:
    manifest = tmp_path / "parc" / "parc.feature.ts"
    manifest.parent.mkdir()
    manifest.write_text("  path: 'postes',\n  screens: ['/{device}', '?etat=offline'],\n")
    found = [screen for screen in screens(tmp_path) if screen.name.startswith("postes")]
    assert found == [
        Screen("postes", "/postes"), Screen("postes-1", "/postes/{device}"), Screen("postes-2", "/postes?etat=offline"),
    ]  # fmt: skip


def test_every_feature_has_a_screen() -> None:
    assert {"connexion", "audit"} <= {screen.name for screen in screens()}


def test_a_picture_keeps_its_size_and_loses_bytes() -> None:
    drawn, held = Image.radial_gradient("L").convert("RGB"), io.BytesIO()
    drawn.save(held, "PNG")
    small = smaller(held.getvalue())
    assert (Image.open(io.BytesIO(small)).size, len(small) < len(held.getvalue())) == (drawn.size, True)
