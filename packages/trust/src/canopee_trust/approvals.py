"""Whether a campaign document is approved: the one check of the command line, of the API and of every PC.

Approvals are good signatures of approvers of the trust policy. Whoever signed the pipeline's role is an author there,
and the signature of an author is no approval: two people, at least, stand behind what runs.
"""

from collections.abc import Set as AbstractSet

from canopee_contract.pipeline import Kind
from canopee_contract.trust_policy import TrustPolicy
from canopee_trust.documents import OpenedCampaign, open_campaign
from canopee_trust.errors import EnvelopeError


def needed(policy: TrustPolicy, kind: Kind) -> int:
    """Approvals that a campaign of a pipeline of this kind needs."""
    return policy.action_approvals if kind == "action" else policy.collect_approvals


def approved(raw: bytes, policy: TrustPolicy, kind: Kind, authors: AbstractSet[str]) -> OpenedCampaign:
    """The campaign in `raw`, approved; `authors`: key ids whose signatures are on the metadata of the pipeline's role.

    Raises:
        EnvelopeError: not so; the reason is `author` when it lacks only approvals of people who are no authors.
    """
    names = {key.keyid: key.name for key in policy.approvers}
    try:
        opened = open_campaign(raw, policy, kind)
    except EnvelopeError as error:
        if error.reason != "threshold":
            raise
        message = f"{error.message}; approvers of today: {', '.join(sorted(names.values()))}"
        raise EnvelopeError("threshold", message) from error
    others, wanted = set(opened.signers) - authors, needed(policy, kind)
    if len(others) < wanted:
        who = ", ".join(sorted(names.get(one, one) for one in set(opened.signers) & authors))
        message = (
            f"{who} signed the pipeline: an author does not approve; {wanted - len(others)} more approvals needed"
        )
        raise EnvelopeError("author", message)
    return opened


def lacking(policy: TrustPolicy, kind: Kind, signers: AbstractSet[str], authors: AbstractSet[str]) -> int:
    """How many approvals a document still lacks whose good signatures are those of `signers`."""
    counting = {key.keyid for key in policy.approvers} - authors
    return max(0, needed(policy, kind) - len(counting & signers))
