"""The rules of enrolment: read in their order, the first that holds decides."""

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import msgspec

from canopee_api.devices.globs import MAX_GLOB, any_matches, is_glob
from canopee_api.errors import InvalidError
from canopee_contract.admission import MAX_RULES, EnrolmentRules, Outcome, RuleTest

_NAME = 100
_LARGEST = 1_000_000
_LONGEST_DAYS = 400
_MOST_VALUES = 1_000


class Enrolling(msgspec.Struct, frozen=True, kw_only=True):
    """What rules may ask about."""

    practice_id: str
    practice_known: bool
    hostname: str
    platform: str
    address: str
    """Empty when it is not known: then it is in no network."""
    label: str
    needs_approval: bool
    devices: int
    """Living devices of the practice, without this one."""
    hardware_known: bool


class Ruling(msgspec.Struct, frozen=True):
    """What was decided, and why."""

    then: Outcome
    reason: str


def decide(rules: EnrolmentRules, enrolling: Enrolling) -> Ruling:
    """The first rule that holds; when none does, what the token says."""
    for rule in rules.rules:
        if holds(rule.when, enrolling):
            return Ruling(rule.then, f"rule: {rule.name}")
    if enrolling.needs_approval:
        return Ruling("wait", "the token needs an approval")
    return Ruling("approve", "")


def holds(test: RuleTest, enrolling: Enrolling) -> bool:
    """Whether everything that a rule asks is so; one that asks nothing holds always."""
    flags = (
        (test.practice_known, enrolling.practice_known),
        (test.needs_approval, enrolling.needs_approval),
        (test.hardware_known, enrolling.hardware_known),
    )
    below, least = test.devices_below, test.devices_at_least
    return (
        all(wanted is None or wanted == given for wanted, given in flags)
        and (below is None or enrolling.devices < below)
        and (least is None or enrolling.devices >= least)
        and (not test.platforms or enrolling.platform in test.platforms)
        and any_matches(test.practices, enrolling.practice_id)
        and any_matches(test.hostnames, enrolling.hostname, ignore_case=True)
        and any_matches(test.labels, enrolling.label, ignore_case=True)
        and (not test.networks or is_within(enrolling.address, test.networks))
    )


def count_devices(rules: EnrolmentRules) -> bool:
    """Whether some rule asks how many devices a practice has."""
    return any(
        rule.when.devices_below is not None or rule.when.devices_at_least is not None for rule in rules.rules
    )


def is_within(address: str, networks: tuple[str, ...]) -> bool:
    """Whether an address is in one of the networks."""
    return bool(address) and any(ip_address(address) in _network(one) for one in networks)


def check_rules(rules: EnrolmentRules) -> None:
    """Refuse rules that could not be followed.

    Raises:
        InvalidError: what is wrong, and where.
    """
    if len(rules.rules) > MAX_RULES:
        raise InvalidError("enrolment.rules", f"at most {MAX_RULES} rules", at="$.rules")
    if not 1 <= rules.expires_in_days <= _LONGEST_DAYS:
        raise InvalidError("enrolment.rules", f"1 to {_LONGEST_DAYS} days", at="$.expires_in_days")
    names = set[str]()
    for number, rule in enumerate(rules.rules):
        place = f"$.rules[{number}]"
        if not 0 < len(rule.name) <= _NAME or not rule.name.isprintable() or rule.name in names:
            raise InvalidError(
                "enrolment.rules",
                f"each rule has a name of its own, of 1 to {_NAME} characters",
                at=f"{place}.name",
            )
        names.add(rule.name)
        for field, message in _wrong(rule.when):
            raise InvalidError("enrolment.rules", message, at=f"{place}.when.{field}")


def _wrong(test: RuleTest) -> Iterator[tuple[str, str]]:
    for field in ("practices", "hostnames", "labels"):
        globs: tuple[str, ...] = getattr(test, field)
        if len(globs) > _MOST_VALUES or not all(map(is_glob, globs)):
            yield field, f"at most {_MOST_VALUES} globs of 1 to {MAX_GLOB} printable characters"
    if len(test.networks) > _MOST_VALUES or not all(map(is_network, test.networks)):
        yield "networks", "networks are expected, such as 192.168.0.0/16 or 2001:db8::/32"
    for field in ("devices_below", "devices_at_least"):
        number: int | None = getattr(test, field)
        if number is not None and not 0 <= number <= _LARGEST:
            yield field, f"0 to {_LARGEST}"


def is_network(text: str) -> bool:
    """Whether PostgreSQL and we read it as a network; the bits of a host are refused, they are a slip; so is a mask."""
    try:
        ip_network(text)
    except ValueError:
        return False
    _, slash, length = text.partition("/")
    return "%" not in text and (not slash or (length.isascii() and length.isdecimal()))


@lru_cache(maxsize=4_096)
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text)
