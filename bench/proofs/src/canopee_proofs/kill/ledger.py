"""What the database holds, compared with what was promised."""

from collections.abc import Mapping

import psycopg
from psycopg.rows import TupleRow

from canopee_contract.report import RUN_STATES
from canopee_proofs.kill.notes import Notes


def records_against(address: str, notes: Notes) -> list[str]:
    """Every acknowledged record is there, none is there twice, each holds what was sent."""
    promised = dict(notes.marks)
    with psycopg.connect(address, autocommit=True) as connection:
        rows = connection.execute(
            """SELECT device_id::text, stream, array_agg(seq ORDER BY seq), bool_and((body->>'value')::bigint = seq)
               FROM records WHERE dataset = 'proof' GROUP BY 1, 2"""
        ).fetchall()
    held = {(device, stream): (numbers, is_whole) for device, stream, numbers, is_whole in rows}
    violations: list[str] = []
    for key, mark in promised.items():
        numbers, is_whole = held.get(key, ([], True))
        if not key[1].startswith("proof-"):
            continue
        if missing := set(range(1, mark + 1)) - set(numbers):
            violations.append(f"{key}: acknowledged to {mark}, {sorted(missing)[:10]} of {len(missing)} are lost")
        if len(numbers) != len(set(numbers)):
            violations.append(f"{key}: a record is stored twice")
        if not is_whole:
            violations.append(f"{key}: a record does not hold what was sent")
    return violations


def doubled_records(address: str) -> list[str]:
    """Records of any dataset that are stored more than once."""
    with psycopg.connect(address, autocommit=True) as connection:
        rows = connection.execute(
            """SELECT device_id, stream, seq, count(*) FROM records GROUP BY device_id, generation, stream, seq
               HAVING count(*) > 1 LIMIT 10"""
        ).fetchall()
    return [f"record {row} is stored more than once" for row in rows]


def open_orders(address: str) -> int:
    """Orders that have no run yet."""
    with psycopg.connect(address, autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FROM orders o WHERE NOT EXISTS (SELECT FROM runs r WHERE r.order_id = o.id)"
        ).fetchone()
    return row[0] if row else 0


def runs_against(address: str, notes: Notes, executions: Mapping[str, int], agent_id: str) -> list[str]:
    """Every order has one end that is final; nothing ran twice; what is `done` ran; every report is there."""
    with psycopg.connect(address, autocommit=True) as connection:
        rows = connection.execute(
            """SELECT o.id::text, o.device_id::text, r.state, r.code, r.detail, r.steps, c.parameters->>'n'
               FROM orders o JOIN campaigns c ON c.id = o.campaign_id LEFT JOIN runs r ON r.order_id = o.id"""
        ).fetchall()
    violations = [f"{line} ran {number} times" for line, number in executions.items() if number > 1]
    ended = {row[0] for row in rows if row[2] is not None}
    violations += [f"the report of {order} was acknowledged and is lost" for order in notes.reports - ended]
    known = {f"{row[6]}.{step}" for row in rows for step in ("first", "second")}
    violations += [f"{line} ran without any order" for line in executions if line not in known]
    for row in rows:
        violations += _run(row, executions, is_agent=row[1] == agent_id)
    return violations


def states(address: str, agent_id: str) -> dict[str, int]:
    """How the agent's runs ended."""
    with psycopg.connect(address, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT state, count(*) FROM runs WHERE device_id = %s GROUP BY state ORDER BY state", (agent_id,)
        ).fetchall()
    return dict(rows)


def _run(row: TupleRow, executions: Mapping[str, int], *, is_agent: bool) -> list[str]:
    order_id, _, state, code, detail, steps, n = row
    if state is None:
        return [f"order {order_id} has no end"]
    if state not in RUN_STATES or state in {"failed", "timed_out", "expired", "cancelled", "skipped"}:
        return [f"order {order_id} ended {state}: {code} {detail}"]
    if not is_agent:
        return []
    done = {step["id"] for step in steps if step["state"] == "done"}
    missing = [name for name in done if not executions.get(f"{n}.{name}")]
    return [f"order {order_id}: step {name} is said to be done and never ran" for name in missing]
