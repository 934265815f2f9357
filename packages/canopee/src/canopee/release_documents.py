"""What is signed to release an agent: what is said of its zip, the pipeline that gives it, the campaign that stands."""

from collections.abc import Sequence
from datetime import timedelta

from canopee.errors import UsageError
from canopee_contract.campaign import Campaign, Ring
from canopee_contract.parameters import ParameterSchema
from canopee_contract.people import PublishedPipeline
from canopee_contract.pipeline import Limits, Pipeline, Retry, Step
from canopee_contract.release import UPDATE_PIPELINE, Platform, SignedRelease, facts_of, read_signed, release_path
from canopee_kit.clock import Clock
from canopee_kit.ids import new_id
from canopee_trust.repository import TargetInfo

_STANDS = timedelta(days=365)
_MOST_TARGETS = 10_000_000


def update_pipeline(signed: SignedRelease, number: int, title: str) -> Pipeline:
    """The text that gives one release: its parameters have one value each."""
    path = release_path(signed.platform, signed.version)
    family, arch = facts_of(signed.platform)
    step = Step(
        id="update", use="update_agent", with_={"version": {"$param": "version"}, "path": {"$param": "path"}},
        timeout_s=3_600, retry=Retry(attempts=5, delay_s=60),
    )  # fmt: skip
    return Pipeline(
        spec=1, name=UPDATE_PIPELINE, version=number, kind="action", title=title, steps=(step,),
        condition={"all": [_is("os.family", family), _is("os.arch", arch)]}, limits=Limits(deadline_s=3_600),
        parameters={
            "version": ParameterSchema(type="string", enum=(signed.version,)),
            "path": ParameterSchema(type="string", enum=(path,)),
        },
    )  # fmt: skip


def standing_campaign(signed: SignedRelease, pipeline: PublishedPipeline, reach_bp: int, clock: Clock) -> Campaign:
    """The document that gives a release to the PCs below its version, now and for a year; to be signed."""
    now, (family, arch) = clock.now(), facts_of(signed.platform)
    begins = now - timedelta(minutes=5)
    below = {"fact": "agent.version", "op": "version_lt", "value": signed.version}
    return Campaign(
        spec=1, campaign_id=new_id(now), name=f"{pipeline.title}, {reach_bp / 100:g} %", pipeline=pipeline.ref,
        parameters={"version": signed.version, "path": release_path(signed.platform, signed.version)},
        condition={"all": [_is("os.family", family), _is("os.arch", arch), below]}, rings=(Ring(reach_bp, begins),),
        not_before=begins, not_after=now + _STANDS, max_targets=_MOST_TARGETS, reason="canopee release",
        requested_by="canopee release",
    )  # fmt: skip


def signed_release(
    version: str, platform: Platform, held: Sequence[TargetInfo], min_release_seq: int | None
) -> SignedRelease:
    """What is to be signed about a release: the number of one that is published stays, that of a new one rises.

    Raises:
        UsageError: `min_release_seq` is below what is signed, or above its own number.
    """
    others = {info.path: read_signed(info.path, info.custom) for info in held}
    own = [signed for signed in others.values() if signed.platform == platform]
    known = others.get(release_path(platform, version))
    number = known.release_seq if known else max((one.release_seq for one in own), default=0) + 1
    lowest = max((one.min_release_seq for one in own), default=0)
    if min_release_seq is None:
        return known or SignedRelease(version, platform, number, lowest)
    if not lowest <= min_release_seq <= number:
        raise UsageError(
            f"--min-release-seq {min_release_seq}: from {lowest}, which is signed, to {number}, its own"
        )
    return SignedRelease(version, platform, number, min_release_seq)


def _is(fact: str, value: str) -> dict[str, str]:
    return {"fact": fact, "op": "eq", "value": value}
