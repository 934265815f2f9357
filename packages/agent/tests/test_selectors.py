import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_agent.errors import StepError
from canopee_agent.selectors import By, select
from canopee_kit.errors import CanopeeError

INI = """; comment
top=1
[Update]
Channel = stable
;Channel=old
path="C:\\Program Files\\Cabinet"
[update]
Last=2
[Other]
Channel=beta
broken line
"""
XML = """<?xml version="1.0" encoding="utf-16"?>
<c:config xmlns:c="urn:x" version="8.1"><db name="test"><host>a</host></db>
<db name="main"><host> b &amp; c </host></db><empty/></c:config>"""
JSON = '{"servers":[{"name":"a"},{"name":"b","port":80,"tls":true}],"a/b":{"m~n":null}}'
PROPERTIES = """# comment
! other
server.host = db.example
port:5432
with\\ space  value\\
   goes on
accent=caf\\u00e9\\ttab
empty
twice=1
twice=2"""


@pytest.mark.parametrize(
    ("by", "text", "at", "found"),
    [
        ("line", "a\r\n  version = 8.1  \nversion = 9", r"version *= *[\d.]+", "version = 8.1"),
        ("line", "a\nb", "c", None),
        ("line", "x" * 5_000 + "\nshort", ".*", "short"),
        ("ini", INI, "channel", "stable"),
        ("ini", INI, "PATH", "C:\\Program Files\\Cabinet"),
        ("ini", INI, "Last", "2"),
        ("ini", INI, "nothing", None),
        ("property", PROPERTIES, "server.host", "db.example"),
        ("property", PROPERTIES, "port", "5432"),
        ("property", PROPERTIES, "with space", "valuegoes on"),
        ("property", PROPERTIES, "accent", "café\ttab"),
        ("property", PROPERTIES, "empty", ""),
        ("property", PROPERTIES, "twice", "2"),
        ("property", PROPERTIES, "#", None),
        ("xml", XML, "config/@version", "8.1"),
        ("xml", XML, "config/db[@name='main']/host", "b & c"),
        ("xml", XML, "config/db[2]/@name", "main"),
        ("xml", XML, "config/empty", ""),
        ("xml", XML, "config/nothing", None),
        ("xml", XML, "other", None),
        ("xml", XML, "config/@nothing", None),
        ("json", JSON, "/servers/1/port", "80"),
        ("json", JSON, "/servers/0", '{"name":"a"}'),
        ("json", JSON, "/servers/1/tls", "true"),
        ("json", JSON, "/a~1b/m~0n", "null"),
        ("json", JSON, "/servers/2", None),
        ("json", JSON, "/servers/-", None),
        ("json", JSON, "/servers/0/name/more", None),
        ("json", '"whole"', "", "whole"),
    ],
)
def test_a_value_is_found_where_the_format_says(by: By, text: str, at: str, found: str | None) -> None:
    assert select(text, by, at, section="UPDATE" if by == "ini" else "") == found


def test_a_key_before_the_first_section_has_no_section() -> None:
    assert select(INI, "ini", "top") == "1"
    assert select(INI, "ini", "Channel") is None


@pytest.mark.parametrize(
    ("by", "text", "at", "said"),
    [
        ("xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "x", "DTD"),
        ("xml", "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><x/>", "x", "DTD"),
        ("xml", "<x>" * 300 + "</x>" * 300, "x", "nested"),
        ("xml", "<x>&unknown;</x>", "x", "not XML"),
        ("xml", "<x><y></x>", "x", "not XML"),
        ("xml", "", "x", "not XML"),
        ("xml", "<x/>", "x[", "not a path"),
        ("xml", "<x/>", "../x", "not a path"),
        ("xml", "<x/>", "@a", "not a path"),
        ("json", "{'a':1}", "/a", "not JSON"),
        ("json", "[" * 100_000, "/0", "not JSON"),
        ("json", "{}", "a", "pointer"),
    ],
)
def test_a_text_that_is_not_what_it_should_be_is_refused_with_its_reason(
    by: By, text: str, at: str, said: str
) -> None:
    with pytest.raises(StepError, match=said):
        select(text, by, at)


@given(
    by=st.sampled_from(["line", "ini", "property", "xml", "json"]),
    text=st.text(max_size=200) | st.text(alphabet="<>/a[]{}=:'\"\\&;!-\n u0", max_size=60),
    at=st.text(alphabet="a/@[]='*.~01\\", max_size=10),
)
def test_any_text_gives_a_value_none_or_an_error_of_ours(by: By, text: str, at: str) -> None:
    try:
        found = select(text, by, at)
    except CanopeeError:
        return
    assert found is None or isinstance(found, str)
