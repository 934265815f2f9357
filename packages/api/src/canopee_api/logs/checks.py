"""What a log request must say before it is anything."""

import re

from canopee_api.errors import InvalidError
from canopee_contract.log_requests import MAX_LOG_DEVICES, NewLogRequest
from canopee_kit.ids import is_id

LEAST_BUDGET, MOST_BUDGET, MOST_TOTAL = 10_000, 4 * 2**30, 10**13
_LONGEST_S = 90 * 86_400
_LONGEST_KEEP = 365
_ADDRESS = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,190}")
_MOST_ADDRESSES = 10
_REASON, _TICKET = 500, 64


def check_request(asked: NewLogRequest, *, is_estimate: bool = False) -> None:
    """Raises `InvalidError`, which says where and what to write instead; an estimate needs no reason yet."""
    if not 1 <= len(asked.devices) <= MAX_LOG_DEVICES or not all(map(is_id, asked.devices)):
        raise InvalidError("logs.devices", f"1 to {MAX_LOG_DEVICES} ids of devices", at="$.devices")
    if not is_estimate:
        check_words(asked.reason, asked.ticket)
    check_budget(asked.budget_bytes)
    if not asked.budget_bytes <= asked.total_budget_bytes <= MOST_TOTAL:
        raise InvalidError(
            "logs.budget", f"for all PCs: from the budget of one to {MOST_TOTAL} bytes", at="$.total_budget_bytes"
        )
    if not 60 <= asked.expires_in_s <= _LONGEST_S:  # noqa: PLR2004  a minute
        raise InvalidError("logs.expiry", "PCs have 1 minute to 90 days", at="$.expires_in_s")
    check_keep(asked.keep_days, asked.notify)
    if asked.again_of and not is_id(asked.again_of):
        raise InvalidError("logs.again_of", "the id of a log request", at="$.again_of")


def check_words(reason: str, ticket: str) -> None:
    """Why, and which case at support; raises `InvalidError`."""
    for name, text, longest in (("reason", reason, _REASON), ("ticket", ticket, _TICKET)):
        if not text.strip() or len(text) > longest or not text.isprintable():
            message = f"say it in 1 to {longest} characters, on one line"
            raise InvalidError(f"logs.{name}", message, at=f"$.{name}")


def check_budget(budget_bytes: int) -> None:
    """Raises `InvalidError`."""
    if not LEAST_BUDGET <= budget_bytes <= MOST_BUDGET:
        raise InvalidError("logs.budget", f"a PC sends {LEAST_BUDGET} to {MOST_BUDGET} bytes", at="$.budget_bytes")


def check_keep(keep_days: int, notify: list[str]) -> None:
    """How long, and whom to tell; raises `InvalidError`."""
    if not 1 <= keep_days <= _LONGEST_KEEP:
        raise InvalidError("logs.keep", f"archives are kept 1 to {_LONGEST_KEEP} days", at="$.keep_days")
    if len(notify) > _MOST_ADDRESSES or not all(_ADDRESS.fullmatch(one) and one.isprintable() for one in notify):
        raise InvalidError("logs.notify", f"at most {_MOST_ADDRESSES} e-mail addresses", at="$.notify")
