import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_api.devices.globs import any_matches, glob_matches
from canopee_api.postgres.database import Database
from canopee_api.postgres.globs import like

TEXTS = st.text("aAb*?%_\\.é", max_size=8)


def _reference(glob: str, value: str) -> bool:
    pattern = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in glob)
    return re.fullmatch(pattern, value, re.DOTALL) is not None


@given(TEXTS, TEXTS)
def test_a_glob_matches_what_the_same_regular_expression_matches(glob: str, value: str) -> None:
    assert glob_matches(glob, value) == _reference(glob, value)


@given(st.text(max_size=20))
def test_a_star_matches_everything_and_a_plain_text_itself_only(value: str) -> None:
    assert glob_matches("*", value)
    if not set(value) & {"*", "?"}:
        assert glob_matches(value, value)
        assert not glob_matches(value, value + "x")


def test_a_glob_of_many_stars_on_a_long_value_is_answered_at_once() -> None:
    assert not glob_matches("*a" * 50, "a" * 49 + "b" * 5_000)


def test_case_counts_unless_it_is_said_not_to_and_no_globs_let_everything_through() -> None:
    assert not any_matches(["FR-*"], "fr-69")
    assert any_matches(["BE-*", "FR-*"], "fr-69", ignore_case=True)
    assert any_matches([], "anything")


@pytest.mark.parametrize("glob", ["FR-69-*", "a?c", "100%", "a_c", "a\\c", "*", "é*"])
async def test_postgresql_reads_a_glob_as_we_do(database: Database, glob: str) -> None:
    values = ["FR-69-00012", "FR-690", "abc", "a_c", "axc", "a\\c", "100%", "1000", "été", "", "*"]
    async with database.transaction() as tx:
        cursor = await tx.execute("SELECT v FROM unnest(%s::text[]) v WHERE v LIKE %s", (values, like(glob)))
        found = [row[0] for row in await cursor.fetchall()]
    assert found == [value for value in values if glob_matches(glob, value)]
