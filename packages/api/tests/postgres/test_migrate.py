from importlib.metadata import version
from importlib.resources import files

import psycopg
import pytest

from canopee_api.errors import ServerError
from canopee_api.postgres.migrate import migrate, migrations

_CATALOG = """
SELECT 'column', c.relname, a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull
       || ' ' || a.attidentity::text || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relname <> 'migrations'
UNION ALL SELECT 'index', tablename, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'migrations'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'migrations'
UNION ALL SELECT 'options', relname, array_to_string(reloptions, ',') FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND reloptions IS NOT NULL
UNION ALL SELECT 'function', proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger', c.relname, pg_get_triggerdef(t.oid) FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid AND c.relnamespace = 'public'::regnamespace WHERE NOT t.tgisinternal
ORDER BY 1, 2, 3
"""


def test_from_scratch_and_all_migrations_lead_to_the_same_schema(empty_database: str, database_url: str) -> None:
    with psycopg.connect(empty_database) as scratch, psycopg.connect(database_url) as migrated:
        scratch.execute((files("canopee_api.postgres") / "schema.sql").read_bytes())
        assert scratch.execute(_CATALOG).fetchall() == migrated.execute(_CATALOG).fetchall()


_QUEUE = """
SELECT 'column', c.relname, a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull
       || ' ' || a.attidentity::text || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' AND c.relnamespace = 'jobs'::regnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT 'index', tablename, indexdef FROM pg_indexes WHERE schemaname = 'jobs'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'jobs'::regnamespace
UNION ALL SELECT 'function', proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'jobs'::regnamespace
UNION ALL SELECT 'trigger', tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger
WHERE NOT tgisinternal AND tgrelid::regclass::text LIKE 'jobs.%'
UNION ALL SELECT 'value', enumtypid::regtype::text, enumsortorder || ' ' || enumlabel FROM pg_enum
ORDER BY 1, 2, 3
"""


def test_the_tables_of_the_queue_are_those_that_the_installed_library_ships(
    empty_database: str, database_url: str
) -> None:
    shipped = (files("procrastinate.sql") / "schema.sql").read_bytes()
    with psycopg.connect(empty_database) as scratch, psycopg.connect(database_url) as migrated:
        scratch.execute(b"CREATE SCHEMA jobs; SET LOCAL search_path TO jobs;" + shipped)
        scratch.execute("SET LOCAL search_path TO DEFAULT")
        held, wanted = (connection.execute(_QUEUE).fetchall() for connection in (migrated, scratch))
    assert len(held) > 60
    assert held == wanted, f"Procrastinate {version('procrastinate')} ships other tables: add a migration to them"


def test_a_database_that_is_up_to_date_is_left_alone(database_url: str) -> None:
    assert migrate(database_url) == []


def test_an_empty_database_gets_every_migration_in_order(empty_database: str) -> None:
    assert migrate(empty_database) == [migration.name for migration in migrations()]


def test_only_the_phase_that_was_asked_for_is_applied(empty_database: str) -> None:
    assert all("_pre_" in name for name in migrate(empty_database, phases=("pre",)))


def test_a_migration_edited_after_it_was_applied_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE migrations SET sha256 = 'other' WHERE name LIKE '0001%'")
    with pytest.raises(ServerError, match="was edited"):
        migrate(database_url)


def test_a_database_of_a_newer_version_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO migrations (name, sha256) VALUES ('9999_pre_future', '')")
    with pytest.raises(ServerError, match="newer version"):
        migrate(database_url)


def test_facts_from_before_the_keys_of_versions_get_theirs(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        for migration in migrations():
            if migration.name.startswith("0003"):
                connection.execute(
                    """INSERT INTO devices (id, public_key, hostname, practice_id, platform, fingerprint, simulated,
                                            enrolled_at)
                       VALUES (gen_random_uuid(), '', '', '', 'windows', '', false, now())"""
                )
                connection.execute(
                    """INSERT INTO device_facts (device_id, hash, facts, changed_at)
                       SELECT id, '', '{"a.a": "8.2-rc1", "b.b": "x", "c.c": 8}', now() FROM devices"""
                )
            connection.execute(migration.sql.encode())
        assert connection.execute("SELECT version_keys FROM device_facts").fetchall() == [
            ({"a.a": "1812101010100rc1"},)
        ]
