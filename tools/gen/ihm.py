"""What the web interface reads of the rest: types of the API, its features, the English of all its modules."""

import json
import subprocess
import tempfile
from pathlib import Path

import msgspec

from canopee_api.doors.people.app import people_document

_ROOT = Path(__file__).parents[2]
_SOURCES = _ROOT / "ihm" / "src"
_HEAD = "// Written by `make gen`.\n"


def generate() -> dict[str, str]:
    """`core/api/schema.gen.ts`, `features.gen.ts` and `i18n/en.gen.ts`."""
    return {
        "ihm/src/app/core/api/schema.gen.ts": _types(),
        "ihm/src/app/features.gen.ts": _features(),
        "ihm/src/i18n/en.gen.ts": _english(),
    }


def _types() -> str:
    """The types of the people's door, by openapi-typescript."""
    program = _ROOT / "ihm/node_modules/openapi-typescript/bin/cli.js"
    with tempfile.NamedTemporaryFile(suffix=".json") as document:
        document.write(msgspec.json.encode(people_document()))
        document.flush()
        command = [
            str(_ROOT / "tools/ihm/node"),
            str(program),
            document.name,
            "--alphabetize",
            "--immutable",
            "--empty-objects-unknown",
        ]
        made = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  our own command
    return _HEAD + made.stdout


def _features() -> str:
    """Each folder of `features/` with its manifest: the folder is the list."""
    app = _SOURCES / "app"
    found = sorted(app.glob("features/*/*.feature.ts"))
    if not found:
        raise FileNotFoundError("ihm/src/app/features holds no <name>/<name>.feature.ts")
    names = [file.name.removesuffix(".feature.ts") for file in found]
    imports = "".join(
        f"import {{ feature as {name.replace('-', '_')} }} from './features/{name}/{name}.feature';\n"
        for name in names
    )
    listed = ", ".join(name.replace("-", "_") for name in names)
    head = f"{_HEAD}import {{ Feature }} from '@core/feature';\n{imports}\n"
    return f"{head}export const FEATURES: readonly Feature[] = [{listed}];\n"


def _english() -> str:
    """Every `en.json` (id → text) of the application, as `loadTranslations` takes them."""
    texts: dict[str, str] = {}
    for file in sorted(_SOURCES.glob("app/**/en.json")):
        for name, text in json.loads(file.read_text("utf-8")).items():
            if texts.get(name, text) != text:
                raise ValueError(f"{name} has two English texts; one is in {file.relative_to(_ROOT)}")
            texts[name] = text
    body = json.dumps(dict(sorted(texts.items())), ensure_ascii=False, indent=2)
    return f"{_HEAD}const english: Record<string, string> = {body};\nexport default english;\n"
