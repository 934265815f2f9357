"""What a campaign comes after, as people write it, and whether that can ever be."""

from collections.abc import Sequence

from canopee_api.catalog.trust import TrustStore
from canopee_api.errors import InvalidError
from canopee_contract.campaign import MAX_PREREQUISITES, Campaign, Prerequisite, asked


def prerequisites(trust: TrustStore, texts: Sequence[str]) -> tuple[Prerequisite, ...]:
    """`name` for any version that is published, or `name@version` for that one or later; raises `InvalidError`."""
    return tuple(_read(trust, text) for text in texts)


def check_prerequisites(trust: TrustStore, campaign: Campaign) -> None:
    """Whether each may be fulfilled, by a version that is published; raises `InvalidError`."""
    if len(campaign.after) > MAX_PREREQUISITES or len({one.pipeline for one in campaign.after}) < len(
        campaign.after
    ):
        raise InvalidError("campaign.after", f"at most {MAX_PREREQUISITES} pipelines, each once", at="$.after")
    for one in campaign.after:
        versions = [known.ref.version for known in trust.versions(one.pipeline) if known.pipeline.kind == one.kind]
        if not 1 <= one.version <= max(versions, default=0):
            raise InvalidError(
                "campaign.after",
                f"no version {asked(one)[:100]} is published: it would wait for ever",
                at="$.after",
            )
        if one.pipeline == campaign.pipeline.name and one.version >= campaign.pipeline.version:
            raise InvalidError("campaign.after", f"it comes after itself: {asked(one)}", at="$.after")


def _read(trust: TrustStore, text: str) -> Prerequisite:
    name, at, version = text.partition("@")
    found = trust.versions(name)
    is_number = version.isascii() and version.isdecimal() and len(version) < 10  # noqa: PLR2004  fits an integer
    if not found or (at and not is_number):
        raise InvalidError(
            "campaign.after",
            f"{text[:100]!r} is no pipeline that is published, nor one of its versions",
            at="$.after",
        )
    return Prerequisite(found[-1].pipeline.kind, name, int(version or 1))
