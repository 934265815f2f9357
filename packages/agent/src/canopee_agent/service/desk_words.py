"""What the user of a PC and its agent write to each other at the desk (`desk.py`), and how it is said to a person."""

import os
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta


class SendLogs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="send_logs"):
    """Send the logs of this PC: support has dictated a code."""

    code: Annotated[str, Meta(min_length=1, max_length=40)]


class ListQuestions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="questions"):
    """Say what support asks of this PC."""


class AnswerQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="answer"):
    """Answer a question; anybody who uses this PC may, and the first answer counts."""

    order: Annotated[str, Meta(max_length=64)]
    """Its number, or the beginning of it; empty: the one that is open."""
    is_granted: bool


Ask: TypeAlias = SendLogs | ListQuestions | AnswerQuestion

Said: TypeAlias = Literal[
    "sending", "wrong_code", "wait", "unreachable", "not_ready", "rejected", "listed", "agreed", "refused",
    "no_question", "several", "fault",
]  # fmt: skip
FINE: frozenset[Said] = frozenset({"sending", "listed", "agreed", "refused"})


class Asked(msgspec.Struct, frozen=True):
    """A question that is open."""

    order_id: str
    asked_at: datetime
    text: str


class DeskAnswer(msgspec.Struct, frozen=True):
    """What the agent answers."""

    said: Said
    detail: str = ""
    """Of `sending`, the log request; of `wait`, the minutes; else why."""
    questions: tuple[Asked, ...] = ()


_ENGLISH: Mapping[str, str] = {
    "sending": "Thank you. The logs of this PC are being collected and sent to support (request {detail}).",
    "wrong_code": "This code is not known, or was used, or is too old: ask support for another one.",
    "wait": "Too many codes of this PC were wrong, or the server is busy: try again in {detail} min.",
    "unreachable": "The server cannot be reached now: check the connection of this PC, then try again.",
    "not_ready": "The agent of this PC has not reached its server yet: try again in a minute.",
    "rejected": "The server refuses: {detail}. Tell support.",
    "agreed": "Agreed: it is collected and sent.",
    "refused": "Refused: nothing is read, nothing is sent.",
    "no_question": "There is no such open question: canopee-agent consent lists them.",
    "several": "There are several such questions: give the number of one, or more of it.",
    "fault": "The agent could not do it: {detail}. Tell support.",
    "none": "Nothing is asked of this PC.",
    "answer": "Answer: canopee-agent consent --yes, or --no",
    "answer_one": "Answer: canopee-agent consent --yes NUMBER, or --no NUMBER",
    "asked_at": "asked at",
    "absent": "The agent of this PC does not run: restart the PC, then try again.",
    "silent": "The agent of this PC does not answer: try again in a minute, or restart the PC.",
    "no_code": "{detail} is no code: it has eight letters and digits, such as ABCD-EFGH.",
    "enter": "Press Enter to close this window.",
}
_FRENCH: Mapping[str, str] = {
    "sending": "Merci. Les journaux de ce poste sont collectés et envoyés au support (demande {detail}).",
    "wrong_code": "Ce code est inconnu, déjà utilisé ou trop ancien : demandez-en un autre au support.",
    "wait": "Trop de codes erronés sur ce poste, ou serveur occupé : réessayez dans {detail} min.",
    "unreachable": "Le serveur ne répond pas : vérifiez la connexion de ce poste, puis réessayez.",
    "not_ready": "L'agent de ce poste n'a pas encore joint son serveur : réessayez dans une minute.",
    "rejected": "Le serveur refuse : {detail}. Dites-le au support.",
    "agreed": "Accepté : les fichiers sont collectés et envoyés.",
    "refused": "Refusé : rien n'est lu, rien n'est envoyé.",
    "no_question": "Il n'y a pas de telle question en attente : canopee-agent consent les donne toutes.",
    "several": "Il y a plusieurs questions : donnez le numéro de l'une d'elles, ou davantage de ce numéro.",
    "fault": "L'agent n'a pas pu le faire : {detail}. Dites-le au support.",
    "none": "Rien n'est demandé à ce poste.",
    "answer": "Pour répondre : canopee-agent consent --yes, ou --no",
    "answer_one": "Pour répondre : canopee-agent consent --yes NUMÉRO, ou --no NUMÉRO",
    "asked_at": "demandé le",
    "absent": "L'agent de ce poste n'est pas démarré : redémarrez le poste, puis réessayez.",
    "silent": "L'agent de ce poste ne répond pas : réessayez dans une minute, ou redémarrez le poste.",
    "no_code": "{detail} n'est pas un code : il a huit lettres et chiffres, comme ABCD-EFGH.",
    "enter": "Appuyez sur Entrée pour fermer cette fenêtre.",
}


def worded(key: str, detail: str = "", *, is_french: bool) -> str:
    """A sentence, in the language of the user."""
    return (_FRENCH if is_french else _ENGLISH)[key].format(detail=detail)


def speaks_french() -> bool:
    """Whether the user of this process reads French rather than English."""
    if sys.platform == "win32":
        from canopee_agent.windows.console import speaks_french as is_asked  # noqa: PLC0415  exists for one platform

        return is_asked()
    said = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return said.lower().startswith("fr")


def told(answer: DeskAnswer, *, is_french: bool) -> str:
    """An answer, for a person."""
    if answer.said != "listed":
        return worded(answer.said, answer.detail, is_french=is_french) + "\n"
    if not answer.questions:
        return worded("none", is_french=is_french) + "\n"
    asked_at = worded("asked_at", is_french=is_french)
    shown = [
        f"{one.order_id}, {asked_at} {one.asked_at.astimezone():%Y-%m-%d %H:%M}\n  "
        + one.text.replace("\n\n", "\n").replace("\n", "\n  ")
        for one in answer.questions
    ]
    how = "answer" if len(answer.questions) == 1 else "answer_one"
    return "\n".join([*shown, worded(how, is_french=is_french) + "\n"])
