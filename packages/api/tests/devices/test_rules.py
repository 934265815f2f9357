import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_api.devices.rules import Enrolling, Ruling, check_rules, decide, holds
from canopee_api.errors import InvalidError
from canopee_contract.admission import EnrolmentRule, EnrolmentRules, Outcome, RuleTest
from canopee_contract.codec import decode, encode

PC = Enrolling(
    practice_id="FR-69-00012", practice_known=True, hostname="ACCUEIL-01", platform="windows", address="192.0.2.7",
    label="setup 2026", needs_approval=False, devices=3, hardware_known=False,
)  # fmt: skip
OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from(["approve", "wait", "reject"])
_MAYBE = st.none() | st.booleans()
TESTS = st.builds(
    RuleTest,
    practice_known=_MAYBE, needs_approval=_MAYBE, hardware_known=_MAYBE,
    practices=st.sampled_from([(), ("FR-69-*",), ("BE-*", "FR-*"), ("*",), ("FR-69-0001?",)]),
    networks=st.sampled_from([(), ("192.0.2.0/24",), ("2001:db8::/32", "10.0.0.0/8")]),
    hostnames=st.sampled_from([(), ("accueil-*",), ("SERVEUR",)]),
    platforms=st.sampled_from([(), ("windows",), ("linux", "windows")]),
    labels=st.sampled_from([(), ("Setup*",)]),
    devices_below=st.none() | st.integers(0, 5), devices_at_least=st.none() | st.integers(0, 5),
)  # fmt: skip
PCS = st.builds(
    Enrolling,
    practice_id=st.sampled_from(["FR-69-00012", "BE-1", ""]), practice_known=st.booleans(),
    hostname=st.sampled_from(["ACCUEIL-01", "SERVEUR"]), platform=st.sampled_from(["windows", "linux"]),
    address=st.sampled_from(["192.0.2.7", "10.1.2.3", "2001:db8::1", ""]), label=st.sampled_from(["setup 2026", ""]),
    needs_approval=st.booleans(), devices=st.integers(0, 5), hardware_known=st.booleans(),
)  # fmt: skip


def _rules(*tests: tuple[RuleTest, Outcome]) -> EnrolmentRules:
    return EnrolmentRules(tuple(EnrolmentRule(f"r{n}", then, test) for n, (test, then) in enumerate(tests)))


@given(st.lists(st.tuples(TESTS, OUTCOMES), max_size=6), PCS)
def test_the_first_rule_that_holds_decides_and_names_itself(
    tests: list[tuple[RuleTest, Outcome]], pc: Enrolling
) -> None:
    ruling = decide(_rules(*tests), pc)
    first = next((number for number, (test, _) in enumerate(tests) if holds(test, pc)), None)
    if first is None:
        assert ruling.then == ("wait" if pc.needs_approval else "approve")
    else:
        assert ruling == Ruling(tests[first][1], f"rule: r{first}")


@given(st.lists(st.tuples(TESTS, OUTCOMES), max_size=4), st.lists(st.tuples(TESTS, OUTCOMES), max_size=4), PCS)
def test_rules_after_the_one_that_decided_change_nothing(
    before: list[tuple[RuleTest, Outcome]], after: list[tuple[RuleTest, Outcome]], pc: Enrolling
) -> None:
    ruling = decide(_rules(*before), pc)
    if ruling.reason.startswith("rule: "):
        assert decide(_rules(*before, *after), pc) == ruling


@given(TESTS, PCS)
def test_a_test_holds_when_each_of_its_parts_holds_alone(test: RuleTest, pc: Enrolling) -> None:
    fields = {name: getattr(test, name) for name in test.__struct_fields__}
    alone = [RuleTest(**{name: value}) for name, value in fields.items()]
    assert holds(test, pc) == all(holds(one, pc) for one in alone)


@given(st.lists(st.tuples(TESTS, OUTCOMES), max_size=4))
def test_rules_travel_and_are_kept_without_a_change(tests: list[tuple[RuleTest, Outcome]]) -> None:
    rules = _rules(*tests)
    check_rules(rules)
    assert decode(encode(rules), EnrolmentRules) == rules
    assert msgspec.convert(msgspec.to_builtins(rules), EnrolmentRules) == rules


def test_a_rule_that_asks_nothing_holds_for_everybody() -> None:
    assert decide(_rules((RuleTest(), "reject")), PC).then == "reject"


def test_an_address_that_is_not_known_is_in_no_network() -> None:
    assert not holds(RuleTest(networks=("0.0.0.0/0", "::/0")), msgspec.structs.replace(PC, address=""))


def test_the_number_of_devices_is_bounded_on_both_sides() -> None:
    held = [n for n in range(5) if holds(RuleTest(devices_at_least=1, devices_below=3), _with(devices=n))]
    assert held == [1, 2]


def _with(**changes: int) -> Enrolling:
    return msgspec.structs.replace(PC, **changes)


@pytest.mark.parametrize(
    ("test", "field"),
    [
        (RuleTest(networks=("192.0.2.7/24",)), "networks"), (RuleTest(networks=("here",)), "networks"),
        (RuleTest(networks=("fe80::%eth0/64",)), "networks"), (RuleTest(networks=("10.0.0.0/255.0.0.0",)), "networks"),
        (RuleTest(practices=("",)), "practices"),
        (RuleTest(hostnames=("x" * 101,)), "hostnames"), (RuleTest(labels=("a\nb",)), "labels"),
        (RuleTest(devices_below=-1), "devices_below"), (RuleTest(devices_at_least=2**40), "devices_at_least"),
    ],
)  # fmt: skip
def test_a_rule_that_could_not_be_followed_is_refused_with_its_place(test: RuleTest, field: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_rules(_rules((RuleTest(), "wait"), (test, "approve")))
    assert refused.value.at == f"$.rules[1].when.{field}"


@pytest.mark.parametrize("names", [("a", "a"), ("",), ("a\tb",), ("x" * 101,)])
def test_each_rule_has_a_name_of_its_own(names: tuple[str, ...]) -> None:
    with pytest.raises(InvalidError, match="name of its own"):
        check_rules(EnrolmentRules(tuple(EnrolmentRule(name, "wait") for name in names)))


@pytest.mark.parametrize("days", [0, 401])
def test_what_waits_is_forgotten_within_a_year_and_not_at_once(days: int) -> None:
    with pytest.raises(InvalidError, match="days"):
        check_rules(EnrolmentRules((), days))


def test_more_rules_than_anybody_reads_are_refused() -> None:
    with pytest.raises(InvalidError, match="at most 200 rules"):
        check_rules(EnrolmentRules(tuple(EnrolmentRule(str(n), "wait") for n in range(201))))
