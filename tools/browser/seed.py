"""What the pictures show besides a fleet that is well: a rollout that halted, one to approve, a freeze ahead."""

from datetime import UTC, datetime
from pathlib import Path

from canopee.testing import Installation
from tools.browser.failing import PRACTICE, FailingFleet
from tools.patience import wait_until

_FAILING, _PATIENCE_S = 20, 120
_THEM = f'{{"fact": "practice.id", "op": "eq", "value": "{PRACTICE}"}}'


def seed(installed: Installation, folder: Path) -> FailingFleet:
    """Make them; the PCs that failed go on until they are stopped."""
    year = datetime.now(UTC).year
    installed.run(
        "freeze", "add", "--from", f"{year}-12-24", "--to", f"{year + 1}-01-02", "--reason", "fermeture de fin d’année"
    )  # fmt: skip
    draft_id(installed, folder)
    fleet = FailingFleet(installed, folder / "failing", _FAILING)
    fleet.spoil()
    _halt(installed, folder)
    return fleet


def draft_id(installed: Installation, folder: Path) -> str:
    """A document that waits for its signatures."""
    document = str(folder / "draft.yaml")
    installed.run(
        "campaign", "draft", "prepare_update", "--to", "all", "--name", "Préparer la 8.2 partout",
        "--reason", "TICKET-123 : version 8.2", "--out", document,
    )  # fmt: skip
    return str(installed.json("campaign", "submit", document)["id"])


def _halt(installed: Installation, folder: Path) -> None:
    """Start a rollout that halts in its first ring."""
    document = str(folder / "halts.yaml")
    installed.run(
        "campaign", "draft", "prepare_update", "--to", _THEM, "--name", "Préparer la 8.2, agences",
        "--reason", "TICKET-118", "--rings", "60%,100%", "--advance-after", "0s", "--max-failed-pct", "8",
        "--min-runs", "5", "--out", document,
    )  # fmt: skip
    installed.run("campaign", "approve", document, "--out", f"{document}.json")
    installed.run("campaign", "start", f"{document}.json")
    wait_until(
        "a rollout that fails halts",
        lambda: any(one["state"] == "halted" for one in installed.json("campaigns")), _PATIENCE_S,
    )  # fmt: skip
