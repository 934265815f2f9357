"""Every list of the web interface, by the name that its `<cnp-shown>` carries, and what a person reads of it.

A list that is in a template and not here fails `test_lists.py`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SOURCES = Path(__file__).parents[2] / "ihm/src/app"
_SHOWN = re.compile(r"<cnp-shown\b[^>]*>")
_NAME = re.compile(r'\bname="([\w-]+)"')
_TABLE = re.compile(r'<table class="list"')


@dataclass(frozen=True)
class Listed:
    """One list: where it is, what it reads, and its words."""

    address: str
    """`{device}`, `{run}`, `{campaign}`, `{pipeline}`, `{request}`, `{archive}` and `{draft}` stand for one of each."""
    reads: str
    """What follows `/v1/`, as a pattern."""
    there: str = ""
    """What is drawn when there is something; empty where there may really be nothing."""
    failed: str = "Ces données n’ont pas pu être chargées."
    empty: str = ""
    """When there is nothing at all; empty where there is always something."""
    filtered: tuple[str, str] | None = None
    """An address whose filters leave nothing, and the words."""
    topic: str = ""
    """What changes when it is read again by itself; empty when it is read once."""
    may_be_forbidden: bool = True


_DEVICE, _CAMPAIGN, _REQUEST = "/postes/{device}", "/deploiements/{campaign}", "/journaux/{request}"
_NO_DEVICE = "Aucun poste ne correspond à ces filtres."

LISTS = {
    "audit": Listed(
        "/audit", "audit", "tbody tr", "Le journal n’a pas pu être chargé.", "Rien n’a encore été noté."
    ),
    "devices": Listed(
        "/postes", "devices", "tbody tr", "La liste des postes n’a pas pu être chargée. Vos filtres sont conservés.",
        "Aucun poste n’est encore enrôlé.", ("/postes?q=nulle+part", _NO_DEVICE), "devices",
    ),
    "device": Listed(
        _DEVICE, "devices/[^/?]+", "nav.tabs", "La fiche de ce poste n’a pas pu être chargée.", topic="devices"
    ),
    "device-facts": Listed(
        _DEVICE, "devices/[^/]+/facts", "tbody tr", empty="Ce poste n’a encore rien dit de lui-même.",
        topic="devices",
    ),
    "device-notes": Listed(_DEVICE, "devices/[^/]+/notes", empty="Aucune note.", topic="devices"),
    "device-timeline": Listed(
        f"{_DEVICE}?onglet=executions", "devices/[^/]+/timeline", ".lane",
        empty="Aucune exécution sur cette période.", topic="devices",
    ),
    "device-runs": Listed(
        f"{_DEVICE}?onglet=executions", "runs", "tbody tr",
        "Les exécutions de ce poste n’ont pas pu être chargées.", "Ce poste n’a encore rien exécuté.",
        topic="runs",
    ),
    "device-changes": Listed(
        f"{_DEVICE}?onglet=historique", "devices/[^/]+/facts-history",
        empty="Rien n’a changé depuis ses premières données.", topic="devices",
    ),
    "device-link": Listed(
        f"{_DEVICE}?onglet=diagnostic", "devices/[^/]+/diagnosis", "dl.facts", topic="devices"
    ),
    "device-queues": Listed(
        f"{_DEVICE}?onglet=diagnostic", "devices/[^/]+/diagnosis", "dl.facts", topic="devices"
    ),
    "fleet": Listed(
        "/parc", "fleet", ".kpis",
        "Le résumé du parc n’a pas pu être chargé. La liste des postes reste accessible.",
        "Aucun poste n’est encore enrôlé.", topic="devices",
    ),
    "fleet-failures": Listed(
        "/parc", "devices", failed="Les échecs n’ont pas pu être lus. Le reste de la page est à jour.",
        empty="Aucune exécution n’a échoué depuis 24 heures.", topic="devices",
    ),
    "pipelines": Listed(
        "/pipelines", "catalog/pipelines", "tbody tr", "La liste des pipelines n’a pas pu être chargée.",
        "Aucun pipeline encore.", ("/pipelines?q=nulle+part", "Rien ne correspond à ces filtres."), "pipelines",
    ),
    "pipeline": Listed(
        "/pipelines/inventory_hardware", "catalog/pipelines/inventory_hardware", ".desk",
        "Ce pipeline n’a pas pu être chargé.", topic="pipelines",
    ),
    "rollouts": Listed(
        "/deploiements?onglet=tous", "campaigns", ".rows li",
        "La liste des déploiements n’a pas pu être chargée.", "Rien n’a encore été déployé.", topic="campaigns",
    ),
    "rollouts, to approve": Listed(
        "/deploiements?onglet=a-approuver", "campaign-drafts", ".rows li",
        "La liste des déploiements n’a pas pu être chargée.", "Aucun document n’attend de signature.",
        topic="campaigns",
    ),
    "rollout": Listed(
        _CAMPAIGN, "campaigns/[^/?]+", ".summary", "Ce déploiement n’a pas pu être chargé.", topic="campaigns"
    ),
    "rollout-devices": Listed(
        _CAMPAIGN, "campaigns/[^/]+/devices", "cnp-rollout-devices tbody tr",
        empty="Aucun poste ne correspond encore", filtered=(f"{_CAMPAIGN}?q=nulle+part", _NO_DEVICE),
        topic="runs",
    ),
    "rollout-history": Listed(
        _CAMPAIGN, "campaigns/[^/]+/audit", empty="Rien n’a encore été noté.", topic="campaigns"
    ),
    "rollout-document": Listed(
        "/deploiements/documents/{draft}", "campaign-drafts/[^/?]+", "ul.signers",
        "Ce document n’a pas pu être chargé.", topic="campaigns",
    ),
    "rollout-pipelines": Listed(
        "/deploiements/nouveau", "pipelines", "label.choice",
        "Les pipelines publiés n’ont pas pu être chargés.", "Aucun pipeline n’est publié",
    ),
    "rollout-preview": Listed(
        "/deploiements/nouveau?pipeline=prepare_update@1", "campaigns/preview", "cnp-rollout-preview .big",
        "L’aperçu n’a pas pu être calculé.", may_be_forbidden=False,
    ),
    "logs": Listed(
        "/journaux", "log-requests", ".rows li",
        "La liste des demandes n’a pas pu être chargée. Vos filtres sont conservés.",
        "Aucun journal n’a encore été demandé.",
        ("/journaux?q=nulle+part", "Aucune demande ne correspond à ces filtres."), "logs",
    ),
    "log-request": Listed(
        _REQUEST, "log-requests/[^/?]+", ".summary", "Cette demande n’a pas pu être chargée.", topic="logs"
    ),
    "log-devices": Listed(
        _REQUEST, "log-requests/[^/]+/devices", "cnp-log-devices tbody tr",
        empty="Cette demande ne vise plus aucun poste.",
        filtered=(f"{_REQUEST}?q=nulle+part", "Aucun poste de la demande ne correspond à ces filtres."),
        topic="logs",
    ),
    "log-history": Listed(
        _REQUEST, "log-requests/[^/]+/audit", "cnp-log-history li", empty="Rien n’a encore été noté.", topic="logs"
    ),
    "log-archive": Listed(
        "/journaux/{archive}", "log-requests/[^/]+/archives/[^/]+/files", ".files li",
        "Cette archive n’a pas pu être ouverte.",
    ),
    "log-text": Listed(
        "/journaux/{archive}?fichier=1", "log-requests/[^/]+/archives/[^/]+/text", ".lines code",
        "Ce fichier n’a pas pu être lu.",
    ),
    "log-codes": Listed(
        "/journaux/codes", "log-codes", failed="La liste des codes n’a pas pu être chargée.",
        empty="Aucun code n’a encore été créé.", topic="logs",
    ),
    "log-collections": Listed(
        "/journaux/nouveau?etape=2", "pipelines", "label.choice",
        "Les collectes publiées n’ont pas pu être chargées.", "Aucune collecte de journaux n’est publiée",
    ),
    "logs-estimate": Listed(
        "/journaux/nouveau?postes={device}&pipeline=product_logs", "log-requests/estimate",
        "cnp-log-estimate dl.facts", "Le volume n’a pas pu être estimé.", may_be_forbidden=False,
    ),
}  # fmt: skip
"""By name; what follows a comma tells apart those that one place shows in turn."""

ELSEWHERE = {
    "new-pipeline": "a form: `test_who_may_not_is_told_which_right_is_missing` has its only state",
    "pipeline-versions": "part of what `pipeline` reads: no state of its own but empty",
    "pipeline-differences": "of two versions that are there: read with `pipeline`, and shown beside it",
    "log-receipts": "there once something was purged: `test_logs.py` reads them",
    "freezes": "a short calendar: `test_leading.py` fills and empties it",
    "rollout-occurrences": "there for a campaign that recurs: `test_rollouts.py` has it",
    "rollout-trial": "there once something was tried: `test_rollouts.py` has it",
    "rollout-failures": "there once a PC has failed: `test_whole_story.py` has it",
}
"""Places that are no lists of their own, each with its reason."""


def names() -> Iterator[tuple[str, str]]:
    """Every `<cnp-shown>` of a feature: its name, or an empty text, and its file."""
    for file, text in _templates():
        for tag in _SHOWN.findall(text):
            found = _NAME.search(tag)
            yield (found[1] if found else ""), file


def bare_tables() -> Iterator[str]:
    """Files with more tables than places that tell their state."""
    for file, text in _templates():
        if len(_TABLE.findall(text)) > len(_SHOWN.findall(text)):
            yield file


def _templates() -> Iterator[tuple[str, str]]:
    for path in sorted((_SOURCES / "features").rglob("*")):
        if path.suffix in {".html", ".ts"} and not path.name.endswith(".spec.ts"):
            yield path.relative_to(_SOURCES).as_posix(), path.read_text("utf-8")
