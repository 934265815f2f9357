"""The agent with one check removed on purpose, and the attacks that must then succeed.

A mutant is a name, a patch of one attribute, and the attacks to try first. Only checks of the agent are removed here,
one at a time, in this process, for as long as `applied` lasts.
"""

import contextlib
import hashlib
from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from canopee_agent.engine import authorise, clocks, journal, runner, values
from canopee_agent.engine.run import Run
from canopee_agent.errors import ShutWindowError
from canopee_agent.service import agent, bounded, orders, server
from canopee_agent.steps import run_program
from canopee_contract import parameters
from canopee_contract.campaign import Campaign
from canopee_contract.order import Order
from canopee_contract.pipeline import Kind, Pipeline
from canopee_contract.recurrence import Recurrence, latest, number_of, occurrence_of
from canopee_contract.trust_policy import TrustPolicy
from canopee_contract.window import is_open
from canopee_trust import client, documents, dsse, floor, tuf_keys
from canopee_trust.approvals import approved
from canopee_trust.documents import OpenedCampaign, OpenedOrder


class Mutant(msgspec.Struct, frozen=True):
    """One check removed."""

    name: str
    owner: Any
    attribute: str
    instead: Any
    attacks: tuple[str, ...]


@contextlib.contextmanager
def applied(mutant: Mutant) -> Generator[None]:
    """The agent lacks that check, until the end."""
    kept = cast("object", vars(mutant.owner)[mutant.attribute])
    setattr(mutant.owner, mutant.attribute, mutant.instead)
    try:
        yield
    finally:
        setattr(mutant.owner, mutant.attribute, kept)


_REASONS: Mapping[str, str] = {
    "device": "an order is for another device",
    "generation": "an order is of another enrolment",
    "epoch": "an order is of another trust policy",
    "malformed": "an order id is a path",
    "not_yet": "an order has not begun",
    "metadata_expired": "metadata out of date is served",
    "pipeline": "an order names other bytes",
    "pipeline_hash": "an order names other bytes",
    "kind": "a collection uses a step that acts",
    "dry": "a dry run uses up an approval",
    "approval": "an action comes without a campaign",
    "campaign_hash": "an order names one document and carries another",
    "campaign_pipeline": "a campaign of another pipeline is borrowed",
    "campaign_parameters": "parameters are not those approved",
    "ordinal": "there are more targets than were approved",
    "campaign": "rings overlap or go backwards",
    "campaign_window": "a campaign has not begun",
    "ring": "a ring was not reached",
    "occurrence": "an occurrence is not in the expression",
    "clock": "the server says it is last month",
    "lab_key": "a development key approves",
    "disabled": "the local policy lets nothing run",
    "policy_step_kind": "the local policy allows other steps",
}
"""Reason of `engine/authorise.py` → the attack that passes without it."""


def all_mutants() -> list[Mutant]:
    """Every mutant; the reasons of the authoriser first."""
    reasons = [
        Mutant(f"without {reason}", authorise, "_require", _ignoring(reason), (attack,))
        for reason, attack in _REASONS.items()
    ]
    return [*reasons, *_trust_mutants(), *_engine_mutants(), *_service_mutants()]


def _trust_mutants() -> list[Mutant]:
    return [
        Mutant("without the signature of orders", authorise, "open_order", _open_order, ("a stranger signs an order",)),
        Mutant("without signatures of campaigns", authorise, "approved", _open_campaign, ("a stranger approves",)),
        Mutant("without threshold", authorise, "approved", _approved_by_one, ("one approves twice",)),
        Mutant("without author", authorise, "approved", _approved_by_authors, ("only the author approves",)),
        Mutant(
            "without payload type", documents, "open_envelope", _open_any_type,
            ("an order calls itself something else",),
        ),
        Mutant("with lenient JSON", documents, "decode", _lenient, ("an order says a key twice",)),
        Mutant(
            "without signatures of metadata", tuf_keys.LibcryptoKey, "verify_signature", _nothing,
            ("one author signs where two are needed",),
        ),
        Mutant(
            "without floor of versions", client.TrustedRepository, "_check_floor", _nothing,
            ("an older repository is served to a pc that lost its metadata",),
        ),
        Mutant(
            "without hash of targets", client.TrustedRepository, "_download", _download_unchecked,
            ("a pipeline has other bytes",),
        ),
        Mutant(
            "without expiry of metadata", client.TrustedRepository, "is_expired", property(_no),
            ("nothing newer is ever announced",),
        ),
        Mutant(
            "without place of pipelines", authorise, "check_pipeline", _decode_pipeline,
            ("a collection is an action inside",),
        ),
        Mutant(
            "with the floors of stolen keys", client, "_floor_of", _plain_floor,
            ("the version of the timestamp is spent",),
        ),
        Mutant("with one floor only", floor.MirroredFloor, "__init__", _one_floor, ("one floor is lost",) * 6),
    ]  # fmt: skip


def _engine_mutants() -> list[Mutant]:
    return [
        Mutant(
            "without sequence numbers", journal.Journal, "last_seq", _zero,
            ("an order that has run is delivered again",),
        ),
        Mutant(
            "without campaigns that have run", journal.Journal, "has_begun", _no,
            ("an order that has run comes back under a new id",),
        ),
        Mutant("with the journal alone", agent, "Journal", _journal_alone, ("the journal is lost",)),
        Mutant("with dry runs that are real", runner, "DryRun", Run, ("a dry run runs a program",)),
        Mutant("without conditions", authorise, "_holds", _yes, ("a condition does not hold here",)),
        Mutant(
            "without superseding", journal.Journal, "superseded_since", _zero,
            ("a campaign that was superseded is delivered late",),
        ),
        Mutant("without windows", authorise.Authoriser, "_check_windows", _nothing, ("a window is shut",)),
        Mutant(
            "with windows by the server's time", authorise.Authoriser, "_check_windows", _windows_as_told,
            ("a window is shut and the server says that it is open",),
        ),
        *_occurrence_mutants(),
        Mutant(
            "without prerequisites", orders.Orders, "_refuse_untimely", _nothing, ("a prerequisite is skipped",)
        ),
        Mutant(
            "with prerequisites of any version", journal.Journal, "done_version", _version_or_none,
            ("a prerequisite has run in an older version",),
        ),
        Mutant(
            "with prerequisites of any kind", journal, "_done_floor", _done_by_name,
            ("a prerequisite is forged by a collection of its name",),
        ),
        Mutant(
            "with prerequisites that failed", orders.Orders, "_note", _note_whatever_its_end,
            ("a prerequisite has run and failed",),
        ),
        Mutant("with windows that cannot be read", authorise, "fault", _no_fault, ("a window cannot be read",)),
        Mutant("without schema", authorise, "check_parameters", _as_given, ("a parameter is unknown",)),
        Mutant("without patterns", parameters, "matches", _yes, ("a line is added to a text",)),
        Mutant("without bounds", parameters, "_check_range", _nothing, ("a number is outside its bounds",)),
        Mutant("with options", parameters, "_refuse_option", _nothing, ("a text begins as an option",)),
        Mutant("with options from outputs", values, "_refuse_option", _nothing, ("an output begins as an option",)),
        Mutant("with any program", run_program, "is_under", _yes, ("a program lies beside its root",)),
        Mutant(
            "without the hour that was reached", clocks.Clocks, "_reached",
            _long_ago, ("the battery of the pc is empty and the server lies",),
        ),
        Mutant(
            "with metadata by the server's time", clocks.Clocks, "latest", clocks.Clocks.now,
            ("old metadata are kept fresh by an old time",),
        ),
    ]  # fmt: skip


def _occurrence_mutants() -> list[Mutant]:
    return [
        Mutant(
            "without occurrences to come", authorise.Authoriser, "_await_occurrence", _number_of_occurrence,
            ("an occurrence is to come",),
        ),
        Mutant(
            "with occurrences by the server's time", authorise.Authoriser, "_await_occurrence", _occurrence_as_told,
            ("an occurrence is to come",),
        ),
        Mutant(
            "without the place in the jitter", authorise, "due", _due_at_once,
            ("an occurrence comes before the place of this pc in the jitter",),
        ),
        Mutant(
            "with occurrences that were missed", authorise.Authoriser, "_refuse_missed", _nothing,
            ("an occurrence that was missed is ordered after a later one",),
        ),
        Mutant(
            "with occurrences before the start", authorise.Authoriser, "_has_begun_by", _yes,
            ("an occurrence before the campaign began is ordered",),
        ),
        Mutant(
            "without occurrences that have run", journal.Journal, "has_begun", _no,
            ("an occurrence is ordered twice",),
        ),
        Mutant(
            "with recurrences that cannot be read", authorise, "fault_of_recurrence", _no_fault,
            ("a recurrence cannot be read",),
        ),
    ]  # fmt: skip


def _service_mutants() -> list[Mutant]:
    return [
        Mutant(
            "without memory of having a memory", orders.Orders, "_open", _open_without_memory,
            ("every memory is lost",),
        ),
        Mutant(
            "without checks after a crash", orders.Orders, "_open_again", _nothing,
            ("an order was stored before its director was dismissed",),
        ),
        Mutant("with any number of reports", orders, "MAX_REPORTS_WAITING", 10**9, ("refused orders fill the disk",)),
        Mutant("with any time", server.Server, "_hear", _hear_anything, ("the server tells an impossible time",)),
        Mutant("with any wait", server, "LONGEST_WAIT_S", 1e308, ("the agent is told to wait for ever",)),
        Mutant("with any next check-in", agent, "LONGEST_WAIT_S", 1e308, ("the agent is told to wait for ever",)),
        Mutant("with any identity", server.Server, "_keep", _keep_anything, ("a token would break the next request",)),
        Mutant(
            "with reports for ever", agent.Agent, "_send_reports", _send_for_ever, ("no report is ever acknowledged",)
        ),
        Mutant("without time limit", bounded.BoundedReads, "readinto", _read_slowly, ("headers drip",)),
        Mutant("without size limit", bounded.BoundedReads, "readinto", _read_much, ("a chunk has a negative size",)),
    ]  # fmt: skip


def _ignoring(reason: str) -> Callable[[bool, str, str], None]:
    kept: Callable[[bool, str, str], None] = vars(authorise)["_require"]

    def require(is_so: bool, what: str, message: str) -> None:  # noqa: FBT001  as it was
        if what != reason:
            kept(is_so, what, message)

    return require


def _nothing(*_: object, **__: object) -> None:
    """No check."""


def _yes(*_: object) -> bool:
    return True


def _no(*_: object) -> bool:
    return False


def _windows_as_told(held: Any, windows: Any) -> None:  # noqa: ANN401
    if not is_open(windows, held._wall(held._clock.now())):  # noqa: SLF001
        raise ShutWindowError("shut")


def _version_or_none(held: Any, kind: str, pipeline: str) -> int:  # noqa: ANN401
    return 10**6 if held._floor.get(f"done:{kind}:{pipeline}") else 0  # noqa: SLF001


def _done_by_name(_: str, pipeline: str) -> str:
    return f"done:{pipeline}"


def _note_whatever_its_end(held: Any, pipeline: Pipeline, _: object) -> None:  # noqa: ANN401
    held._journal.note_done(pipeline.kind, pipeline.name, pipeline.version)  # noqa: SLF001


def _number_of_occurrence(_: object, campaign: Campaign, order: Order) -> int:
    at = occurrence_of(order.campaign.occurrence) if order.campaign else None
    return number_of(at) if campaign.recurrence and at else 1


def _occurrence_as_told(held: Any, campaign: Campaign, order: Order) -> int:  # noqa: ANN401
    at = occurrence_of(order.campaign.occurrence) if order.campaign else None
    if at is not None and at > held._wall(held._clock.now()):  # noqa: SLF001
        raise ShutWindowError("to come")
    return _number_of_occurrence(held, campaign, order)


def _due_at_once(recurrence: Recurrence, _: str, wall: datetime) -> datetime | None:
    return latest(recurrence, wall)


def _no_fault(_: object) -> str:
    return ""


def _zero(*_: object) -> int:
    return 0


def _long_ago(_: object) -> datetime:
    return datetime(2000, 1, 1, tzinfo=UTC)


def _as_given(_: object, given: dict[str, Any]) -> dict[str, Any]:
    return given


def _plain_floor(_: object, role: str) -> str:
    return role


def _open_order(raw: bytes, _: object) -> OpenedOrder:
    payload = dsse.payload_of(dsse.read_envelope(raw))
    order = msgspec.json.decode(payload, type=Order)
    return OpenedOrder(order, hashlib.sha256(payload).hexdigest(), uses_lab_keys=False)


def _open_campaign(raw: bytes, *_: object) -> OpenedCampaign:
    payload = dsse.payload_of(dsse.read_envelope(raw))
    campaign = msgspec.json.decode(payload, type=Campaign)
    return OpenedCampaign(campaign, hashlib.sha256(payload).hexdigest(), ("x",), uses_lab_keys=False)


def _approved_by_one(raw: bytes, policy: TrustPolicy, kind: Kind, authors: frozenset[str]) -> OpenedCampaign:
    return approved(raw, msgspec.structs.replace(policy, action_approvals=1, collect_approvals=1), kind, authors)


def _approved_by_authors(raw: bytes, policy: TrustPolicy, kind: Kind, _: frozenset[str]) -> OpenedCampaign:
    return documents.open_campaign(raw, policy, kind)


def _open_any_type(raw: bytes, _: str, trusted: Any, threshold: int = 1) -> dsse.OpenedEnvelope:  # noqa: ANN401
    return dsse.open_envelope(raw, dsse.read_envelope(raw).payload_type, trusted, threshold)


def _lenient(raw: bytes, kind: Any, **_: object) -> Any:  # noqa: ANN401  any message
    return msgspec.json.decode(raw, type=kind)


def _decode_pipeline(_: str, content: bytes) -> Pipeline:
    return msgspec.json.decode(content, type=Pipeline)


def _download_unchecked(repository: Any, info: Any) -> bytes:  # noqa: ANN401
    folder, _, name = info.path.rpartition("/")
    return repository._fetcher.get(f"targets/{folder}/{info.hashes['sha256']}.{name}", 10**9)  # noqa: SLF001


def _one_floor(held: Any, paths: Any) -> None:  # noqa: ANN401
    held._copies = [floor.SqliteFloor(paths[0])]  # noqa: SLF001


def _journal_alone(path: Any, clock: Any, _: object) -> journal.Journal:  # noqa: ANN401
    return journal.Journal(path, clock)


def _open_without_memory(held: Any, delivered: Any) -> OpenedOrder:  # noqa: ANN401
    identity = held._identity()  # noqa: SLF001
    return held._authoriser.open(delivered, identity.device_id, identity.generation)  # noqa: SLF001


def _hear_anything(held: Any, told: datetime) -> None:  # noqa: ANN401
    held._offset = told - held._clock.now()  # noqa: SLF001


def _keep_anything(held: Any, identity: Any) -> None:  # noqa: ANN401
    held._store.write(identity)  # noqa: SLF001
    held._identity = identity  # noqa: SLF001


def _send_for_ever(held: Any) -> bool:  # noqa: ANN401
    return bool(vars(_AGENT)["_send_reports"](held)) or bool(held._journal.reports())  # noqa: SLF001


def _read_slowly(held: Any, buffer: Any) -> int | None:  # noqa: ANN401
    held._sock.settimeout(held._silence_s)  # noqa: SLF001
    return cast("int | None", held._raw.readinto(buffer))  # noqa: SLF001


def _read_much(held: Any, buffer: Any) -> int | None:  # noqa: ANN401
    held._left = 2**60  # noqa: SLF001
    return _READ(held, buffer)


_READ = bounded.BoundedReads.readinto
_AGENT = type("Kept", (), {"_send_reports": vars(agent.Agent)["_send_reports"]})
