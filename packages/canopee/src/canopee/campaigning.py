"""What comes before a campaign (preview, drafts that wait for signatures) and after (failures, retry, return)."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from canopee.approval import campaign_in, is_envelope
from canopee.documents import read_bytes, read_condition, write_whole
from canopee.errors import UsageError
from canopee.home import connect
from canopee.output import print_json, print_list, print_object
from canopee_client.client import Client
from canopee_contract.campaign import Campaign, Rollout
from canopee_contract.codec import encode
from canopee_contract.people import CampaignView
from canopee_contract.rollouts import CampaignRequest, DraftView, FailureCause, NewDraft, Proposed
from canopee_kit.clock import SystemClock
from canopee_trust.documents import seal_campaign
from canopee_trust.dsse import add_signature, payload_of, read_envelope
from canopee_trust.ed25519 import PrivateKey

_DRAFTS = ("id", "name", "pipeline", "state", "signatures", "obstacle", "submitted_by", "created_at")
_DEVICES = ("id", "hostname", "ring", "state", "step", "code", "detail", "finished_at")
_FOR_PROGRAMS = ("reason_code", "reason_params", "signals")
_FIGURES = ("name", "devices", "ran", "records", "max_pct", "max_records", "obstacle")
_CAUSES = ("devices", "state", "step", "code", "detail", "samples")
_OCCURRENCES = ("id", "total", "states")
_HISTORY = ("at", "actor", "action", "detail")


def add_actions(actions: Any) -> None:  # noqa: ANN401  argparse names its own class of verbs nowhere
    """Their verbs."""
    preview = actions.add_parser(
        "preview", help="whom a document would reach now, ring by ring, and what it costs"
    )
    preview.add_argument("file", type=Path, help="the document that `canopee campaign draft` wrote")
    preview.set_defaults(run=_preview)
    submit = actions.add_parser("submit", help="upload a document for its approvers, signed or not")
    submit.add_argument("file", type=Path, help="a document, or an envelope")
    submit.set_defaults(run=_submit)
    pending = actions.add_parser("pending", help="documents that wait for their approvers, or for their start")
    pending.add_argument("--all", action="store_true", help="also those started or withdrawn")
    pending.set_defaults(run=_pending)
    status = actions.add_parser("status", help="one campaign: rings, states, what it waits for, failures by cause")
    status.add_argument("id")
    status.set_defaults(run=_status)
    for name, said, run in (
        ("document", "the envelope of a draft, to be signed elsewhere", _document),
        ("retry", "the same again for the PCs that failed: a draft, or at once where nobody must approve", _retry),
        (
            "rollback",
            "write the version before for the PCs that have had this one; nothing starts unsigned",
            _rollback,
        ),
    ):
        parser = actions.add_parser(name, help=said)
        parser.add_argument("id")
        parser.add_argument("--out", type=Path, required=name == "document", help="envelope to write")
        parser.set_defaults(run=run)
        if name == "rollback":
            parser.add_argument("--to", help="a condition (file or JSON) instead of the PCs that have had it")
    for name, said, call in (
        ("promote", "open the next ring now; not before its own date, which is signed", Client.promote_campaign),
        ("withdraw", "take a draft back", Client.withdraw_draft),
    ):
        parser = actions.add_parser(name, help=said)
        parser.add_argument("id")
        parser.set_defaults(run=_one, call=call)
    devices = actions.add_parser("devices", help="each PC of a campaign, and where it stands")
    devices.add_argument("id")
    for name in ("state", "ring", "step", "code", "q"):
        devices.add_argument(f"--{name}", default="", help="only those" if name != "q" else "part of a name")
    devices.set_defaults(run=_devices)
    for name, said, call, columns in (
        ("failures", "why PCs failed: by step and code", Client.campaign_failures, _CAUSES),
        ("history", "who did what to a campaign, or to its document", Client.campaign_history, _HISTORY),
        (
            "occurrences",
            "what became of each occurrence of a campaign that recurs",
            Client.campaign_occurrences,
            _OCCURRENCES,
        ),
    ):
        parser = actions.add_parser(name, help=said)
        parser.add_argument("id")
        parser.set_defaults(run=_many, call=call, columns=columns)


def approve_draft(client: Client, draft_id: str, key: PrivateKey, *, as_json: bool) -> None:
    """Show all of a draft, sign its exact bytes here, and bring the signature to the API."""
    draft = client.campaign_draft(draft_id)
    envelope = encode(draft.envelope)
    payload = payload_of(read_envelope(envelope))
    campaign = msgspec.json.decode(payload, type=Campaign)
    if campaign.campaign_id != draft_id:
        raise UsageError(f"the API gave the document of {campaign.campaign_id[:40]}: nothing was signed")
    if not as_json:
        print_object(campaign, as_json=False)  # all of it, from the bytes that are signed
    signed = client.sign_draft(draft_id, add_signature(envelope, key))
    print_object(_brief(signed), as_json=as_json)


def _preview(arguments: argparse.Namespace) -> int:
    campaign = campaign_in(read_bytes(arguments.file), arguments.file)
    left = campaign.not_after - SystemClock().now()
    asked = CampaignRequest(
        pipeline=f"{campaign.pipeline.name}@{campaign.pipeline.version}", condition=campaign.condition,
        parameters=campaign.parameters, rings=tuple(ring.up_to_bp for ring in campaign.rings), pilots=campaign.pilots,
        rollout=campaign.rollout or Rollout(advance_after_s=0), expires_in_s=max(0, int(left.total_seconds())),
        max_targets=campaign.max_targets, name=campaign.name, reason=campaign.reason, windows=campaign.windows,
        supersedes=campaign.supersedes, through_freezes=campaign.through_freezes, recurrence=campaign.recurrence,
        after=tuple(f"{one.pipeline}@{one.version}" for one in campaign.after),
    )  # fmt: skip
    with connect(arguments) as client:
        found = client.preview_campaign(asked)
    if arguments.json:
        print_json(found)
        return 0
    print_list(found.tests, ("at", "test", "devices"), as_json=False)
    print_list(found.rings, ("up_to_bp", "not_before", "devices", "online"), as_json=False)
    print_list(found.bytes_per_device, ("what", "bytes"), as_json=False)
    if found.freezes:
        print_list(found.freezes, ("state", "from_", "to", "reason", "collects"), as_json=False)
    print_object(
        msgspec.structs.replace(found, tests=[], rings=[], bytes_per_device=[], freezes=[]), as_json=False
    )
    return 0


def _submit(arguments: argparse.Namespace) -> int:
    raw = read_bytes(arguments.file)
    envelope = raw if is_envelope(raw) else seal_campaign(campaign_in(raw, arguments.file), [])
    with connect(arguments) as client:
        draft = client.submit_draft(NewDraft(envelope=msgspec.Raw(envelope)))
    print_object(_brief(draft), as_json=arguments.json)
    return 0


def _pending(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        drafts = client.campaign_drafts(state="all" if arguments.all else "open")
        print_list(drafts, _DRAFTS, as_json=arguments.json)
    return 0


def _status(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        view, causes = client.campaign(arguments.id), list(client.campaign_failures(arguments.id))
    if arguments.json:
        print_json(_with_causes(view, causes))
        return 0
    print_object(view, as_json=False, without=_FOR_PROGRAMS)
    if view.signals:
        print_list(view.signals, _FIGURES, as_json=False)
    if causes:
        print_list(causes, _CAUSES, as_json=False)
    return 0


def _with_causes(view: CampaignView, causes: list[FailureCause]) -> dict[str, Any]:
    return {**msgspec.structs.asdict(view), "failures": causes}


def _document(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        return _proposed(arguments, client.campaign_draft(arguments.id))


def _retry(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        return _show(arguments, client.retry_campaign(arguments.id))


def _rollback(arguments: argparse.Namespace) -> int:
    condition = read_condition(arguments.to) if arguments.to else None
    with connect(arguments) as client:
        return _show(arguments, client.roll_back_campaign(arguments.id, condition))


def _show(arguments: argparse.Namespace, proposed: Proposed) -> int:
    if proposed.draft is not None:
        return _proposed(arguments, proposed.draft)
    print_object(proposed.campaign or proposed, as_json=arguments.json)
    return 0


def _proposed(arguments: argparse.Namespace, draft: DraftView) -> int:
    if arguments.out is not None:
        if arguments.out.exists():
            raise UsageError(f"{arguments.out} is there already: name another file")
        write_whole(arguments.out, encode(draft.envelope))
    print_object(_brief(draft), as_json=arguments.json)
    return 0


def _brief(draft: DraftView) -> DraftView:
    """Without its text, which has been shown, or is in the file."""
    return msgspec.structs.replace(draft, document="", envelope={})


def _one(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        call: Callable[[Client, str], msgspec.Struct] = arguments.call
        print_object(call(client, arguments.id), as_json=arguments.json)
    return 0


def _devices(arguments: argparse.Namespace) -> int:
    filters = {
        name: value for name in ("state", "ring", "step", "code", "q") if (value := getattr(arguments, name))
    }
    with connect(arguments) as client:
        print_list(client.campaign_devices(arguments.id, **filters), _DEVICES, as_json=arguments.json)
    return 0


def _many(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        print_list(arguments.call(client, arguments.id), arguments.columns, as_json=arguments.json)
    return 0
