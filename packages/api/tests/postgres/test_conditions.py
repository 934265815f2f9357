"""Conditions in SQL and as closures, on the edges where they could part from the reference."""

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from canopee_api.campaigns.closures import compiled
from canopee_api.postgres.conditions import predicate_of
from canopee_contract.codec import encode
from canopee_contract.condition import Scalar, evaluate, parse_condition, to_data
from canopee_contract.version import version_key
from canopee_kit.clock import SystemClock
from canopee_kit.ids import new_id

Facts = dict[str, Scalar]


def _test(op: str, value: object, fact: str = "a.a") -> dict[str, Any]:
    return {"fact": fact, "op": op, "value": value}


@pytest.fixture
def database(database_url: str) -> Any:  # noqa: ANN401  a connection, closed at the end
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def _add(connection: psycopg.Connection[Any], facts: Facts) -> str:
    device, now = new_id(SystemClock().now()), SystemClock().now()
    connection.execute(
        "INSERT INTO devices (id, public_key, hostname, practice_id, platform, fingerprint, simulated, enrolled_at) "
        "VALUES (%s, %s, '', '', 'windows', '', true, %s)",
        (device, device.encode(), now),
    )
    stored = Jsonb({"device.id": device, **facts}, dumps=encode)
    connection.execute(
        "INSERT INTO device_facts (device_id, hash, facts, changed_at) VALUES (%s, '', %s, %s)",
        (device, stored, now),
    )
    return device


def _chosen(connection: psycopg.Connection[Any], data: dict[str, Any]) -> set[str]:
    """The devices for which SQL says true; it says NULL for none."""
    predicate = predicate_of(parse_condition(data))
    query = f"SELECT f.device_id::text, {predicate.text} FROM device_facts f"  # noqa: S608  the values are parameters
    rows = connection.execute(query.encode(), predicate.values, prepare=False).fetchall()
    assert {type(holds) for _, holds in rows} <= {bool}
    return {device for device, holds in rows if holds}


VALUES: list[Scalar] = [
    True, False, 0, -0.0, 1, 1.0, "1", 2**53, 2**53 + 1, 2**63 - 1, -1e300, 5e-324, "", "é", "e\u0301", "a\nb", "[^]${",
    "8.10", "8.2.0", "8.2+b-1", "0.9-rc1", "8.2 ", "8.2\n",
]  # fmt: skip
CHOSEN: list[tuple[dict[str, Any], list[Scalar]]] = [
    (_test("eq", value=True), [True]), (_test("eq", 1), [1, 1.0]),
    (_test("eq", "1"), ["1"]), (_test("eq", 0), [0, -0.0]),
    (_test("in", [1, "1"]), [1, 1.0, "1"]), (_test("in", [False, True, "x"]), [True, False]),
    (_test("eq", 2**53), [2**53, 2**53 + 1]), (_test("gt", 2**53), [2**63 - 1]),
    (_test("lt", 5e-324), [0, -0.0, -1e300]),
    (_test("le", -1e300), [-1e300]), (_test("eq", ""), [""]), (_test("eq", "é"), ["é"]),
    (_test("eq", "a\nb"), ["a\nb"]),
    (_test("matches", "a.b"), ["a\nb"]), (_test("matches", ""), [""]), (_test("matches", "[^!-/]"), ["1", "é"]),
    (_test("matches", "a{0}|\\d|é"), ["", "1", "é"]), (_test("matches", r"\[\^\]\$\{"), ["[^]${"]),
    (_test("version_ge", "8.2"), ["8.10", "8.2+b-1", "8.2.0"]), (_test("version_lt", "1"), ["0.9-rc1"]),
    (_test("version_eq", "8.2"), ["8.2+b-1", "8.2.0"]), (_test("version_le", "1"), ["1", "0.9-rc1"]),
]  # fmt: skip


def test_the_three_evaluators_choose_the_same_devices(database: psycopg.Connection[Any]) -> None:
    devices = {_add(database, {"a.a": value}): value for value in VALUES}
    absent = _add(database, {})
    for data, chosen in CHOSEN:
        condition = parse_condition(data)
        expected = {device for device, value in devices.items() if evaluate(condition, {"a.a": value})}
        assert sorted(map(repr, chosen)) == sorted(repr(devices[device]) for device in expected), data
        assert _chosen(database, data) == expected, data
        assert _chosen(database, {"not": data}) == {absent, *devices} - expected, data
        holds = compiled(condition)
        assert {device for device, value in devices.items() if holds({"a.a": value})} == expected, data
        assert not holds({})


def test_a_value_longer_than_a_pattern_reads_does_not_match(database: psycopg.Connection[Any]) -> None:
    read = _add(database, {"a.a": "a" * 1000})
    _add(database, {"a.a": "a" * 1001})
    assert _chosen(database, _test("matches", "a*")) == {read}


def test_a_fact_may_have_any_name(database: psycopg.Connection[Any]) -> None:
    name = "é \"q\" 'a' %s {} \\ ->"
    device = _add(database, {name: "8.1"})
    for op, value in (("eq", "8.1"), ("exists", True), ("version_lt", "8.2"), ("matches", "8.*"), ("in", ["8.1"])):
        assert _chosen(database, _test(op, value, name)) == {device}


def test_groups_without_members_and_a_long_list_of_devices(database: psycopg.Connection[Any]) -> None:
    devices = [_add(database, {}) for _ in range(3)]
    wanted = [
        *devices[:2],
        *(new_id(SystemClock().now()) for _ in range(5)),
        "x",
        1,
        devices[2].upper(),
        devices[2][:-1],
    ]
    assert _chosen(database, {"all": []}) == set(devices)
    assert _chosen(database, {"any": []}) == set()
    assert _chosen(database, _test("in", wanted, "device.id")) == set(devices[:2])
    assert _chosen(database, _test("eq", devices[2], "device.id")) == {devices[2]}
    assert _chosen(database, _test("eq", "no id", "device.id")) == set()
    assert _chosen(database, _test("matches", ".{36}", "device.id")) == set(devices)


def test_the_key_of_a_version_follows_each_change_of_its_fact(database: psycopg.Connection[Any]) -> None:
    device = _add(database, {"a.a": "8.1"})
    assert _chosen(database, _test("version_lt", "8.2")) == {device}
    database.execute("UPDATE device_facts SET facts = %s", (Jsonb({"a.a": "8.10"}),))
    assert _chosen(database, _test("version_lt", "8.2")) == set()
    database.execute("UPDATE device_facts SET facts = %s", (Jsonb({"a.a": 8.1}),))
    assert _chosen(database, _test("version_gt", "0")) == set()


def test_a_restore_that_names_no_schema_computes_the_keys_too(database: psycopg.Connection[Any]) -> None:
    device = _add(database, {"a.a": "8.1"})
    with database.transaction():
        database.execute("SET LOCAL search_path = ''")  # as pg_restore does
        database.execute("UPDATE public.device_facts SET facts = facts")
    assert _chosen(database, _test("version_lt", "8.2")) == {device}


def test_keys_sort_as_versions_do(database: psycopg.Connection[Any]) -> None:
    texts = [
        f"{head}{tail}"
        for head in ("0", "00", "1", "8.2", "08.2", "8.2.0", "8.10", "8.2.0.0.0.1", "999999999", "1.2.3.4.5.6.7")
        for tail in ("", "-", "-a", "-a-b", "-rc1", "-rc10", "+b", "+b-c", "-a+b-c", "\n", "-" + "z" * 40, "-" * 42)
    ]  # fmt: skip
    query = "SELECT version, version_sort_key(version) FROM unnest(%s::text[]) version"
    keys: dict[str, str | None] = dict(database.execute(query, (texts,)).fetchall())
    read = {text: version_key(text) for text in texts}
    assert {text for text, key in keys.items() if key is None} == {
        text for text, key in read.items() if key is None
    }
    for one in texts:
        for other in texts:
            first, second = keys[one], keys[other]
            if first is not None and second is not None:
                assert (first < second) is (read[one] < read[other]), (one, other)  # type: ignore[operator]


def test_a_list_of_fifty_thousand_texts_is_one_lookup_a_device(database: psycopg.Connection[Any]) -> None:
    device = _add(database, {"a.a": "v41999"})
    condition = parse_condition(_test("in", [f"v{number}" for number in range(50_000)]))
    assert _chosen(database, to_data(condition)) == {device}
    assert compiled(condition)({"a.a": "v41999"})
    assert not compiled(condition)({"a.a": 41_999})
