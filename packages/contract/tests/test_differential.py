"""Two readers of one thing never differ: the quick and the careful, on whatever hypothesis can think of."""

import importlib
import pkgutil
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import canopee_contract
from canopee_contract.codec import decode, encode, inspect
from canopee_contract.dataset import MAX_NESTING, Dataset, Field, FieldType, validate
from canopee_contract.errors import MalformedError
from canopee_contract.shape import Shape
from canopee_contract.trust_policy import TrustPolicy

GOLDENS = sorted((Path(__file__).parents[1] / "goldens" / "v1").glob("*.json"))
NAMES = st.sampled_from(["a", "b", "class", "é", "__init__", "f0", "a.b", "self", " ", "name"])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(max_size=6), "keyword": st.text('ab\0\n"\\é\U0001f600', max_size=4), "version": st.just("8.1"),
    "integer": st.integers() | st.just(2**63), "number": st.integers(-(2**64), 2**64) | st.floats(allow_nan=False),
    "boolean": st.booleans(), "instant": st.sampled_from(["2026-11-24T08:00:00Z", "2026-11-24T08:00:00"]),
}  # fmt: skip
SIMPLE: st.SearchStrategy[FieldType] = st.sampled_from(
    ["text", "keyword", "integer", "number", "boolean", "instant", "version"]
)


@st.composite
def _fields(draw: st.DrawFn, depth: int = 2) -> tuple[Field, ...]:
    names = draw(st.lists(NAMES, max_size=4, unique=True))
    return tuple(draw(_field(name, depth)) for name in names)


@st.composite
def _field(draw: st.DrawFn, name: str, depth: int) -> Field:
    required = draw(st.booleans())
    if depth and draw(st.booleans()):
        kind: FieldType = draw(st.sampled_from(["object", "list"]))
        return Field(name, kind, "s", required=required, items=draw(_fields(depth - 1)))
    return Field(name, draw(SIMPLE), "s", required=required)


def _body(draw: st.DrawFn, fields: tuple[Field, ...]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for field in fields:
        fate = draw(st.integers(0, 9))
        if fate == 0:
            continue
        body[field.name] = None if fate == 1 else _value(draw, field, wrong=fate == 2)
    if draw(st.integers(0, 19)) == 0:
        body["surplus"] = 1
    return body


def _value(draw: st.DrawFn, field: Field, *, wrong: bool) -> Any:  # noqa: ANN401
    if wrong:
        return draw(st.sampled_from([1, 1.5, "x", True, [], {}, [1], {"x": 1}]))
    if field.type == "object":
        return _body(draw, field.items)
    if field.type == "list":
        number = draw(st.integers(0, 2))
        return [_body(draw, field.items) if field.items else draw(st.text(max_size=3)) for _ in range(number)]
    return draw(VALUES[field.type])


@st.composite
def _declared(draw: st.DrawFn) -> tuple[Dataset, bytes]:
    dataset = Dataset("d", 1, "t", "p", 1, draw(_fields()))
    try:
        return dataset, encode(_body(draw, dataset.fields))
    except (UnicodeEncodeError, OverflowError):
        return dataset, b"{}"


def _careful(dataset: Dataset, body: bytes) -> str:
    try:
        return validate(dataset, inspect(body))
    except MalformedError as error:
        return error.reason


@settings(max_examples=60, deadline=None)
@given(_declared())
def test_a_record_that_the_quick_reader_accepts_has_no_fault_for_the_careful_one(
    case: tuple[Dataset, bytes],
) -> None:
    dataset, body = case
    if Shape(dataset).accepts(body):
        assert _careful(dataset, body) == ""


@settings(max_examples=40, deadline=None)
@given(_declared())
def test_a_sound_record_as_we_write_it_is_accepted_by_the_quick_reader_too(case: tuple[Dataset, bytes]) -> None:
    """Otherwise every record would be read twice, and nobody would know."""
    dataset, body = case
    if _careful(dataset, body) == "" and b"e" not in body.replace(b"true", b"").replace(b"false", b""):
        floats_agree = encode(inspect(body)) == body
        assert Shape(dataset).accepts(body) or not floats_agree or b"." in body


def _kind(path: Path) -> type[Any]:
    """The message of a golden, wherever the contract declares it."""
    modules = pkgutil.iter_modules(canopee_contract.__path__)
    loaded = (importlib.import_module(f"canopee_contract.{module.name}") for module in modules)
    return next(getattr(module, path.stem) for module in loaded if hasattr(module, path.stem))


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_every_message_changed_anywhere_is_read_as_the_careful_reader_reads_it_or_refused(path: Path) -> None:
    kind, raw = _kind(path), path.read_bytes().strip()
    draw = random.Random(path.stem)
    puts = (b"", b"0", b'"', b"9" * 25, b"null", b",", b"}", b"\\u0000", b"\xc3", b" ", b"1e999", b"[" * 40, b"-")
    for _ in range(100):
        start, length = draw.randrange(len(raw)), draw.randrange(5)
        changed = raw[:start] + draw.choice(puts) + raw[start + length :]
        assert _quickly(changed, kind) == _slowly(changed, kind), changed


def _quickly(raw: bytes, kind: type[Any]) -> Any:  # noqa: ANN401
    try:
        return encode(decode(raw, kind))
    except MalformedError as error:
        return "refused" if error.reason in {"bad_shape", "bad_json"} else error.reason


def _slowly(raw: bytes, kind: type[Any]) -> Any:  # noqa: ANN401
    try:
        inspect(raw)
        return encode(msgspec.json.decode(raw, type=kind))
    except MalformedError as error:
        return "refused" if error.reason in {"bad_shape", "bad_json"} else error.reason
    except msgspec.DecodeError:
        return "refused"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ((Field("a", "text", "s"), Field("a", "integer", "s")), "fields.a: declared twice"),
        ((Field("a", "text", "s", items=(Field("b", "instant", "s"),)),), "only an object or a list has items"),
        ((Field("o", "object", "s", items=(Field("a", "text", "s"), Field("a", "text", "s"))),), "o.a: declared"),
        ((Field("", "text", "s"),), "1 to 100 characters"), ((Field("x" * 101, "text", "s"),), "1 to 100 characters"),
        ((Field('a"b', "text", "s"),), "a quote"), ((Field("a\\b", "text", "s"),), "a quote"),
        ((Field("a\nb", "text", "s"),), "a quote"),
        ((Field("a\udc80", "text", "s"),), "1 to 100 characters"),
    ],
)  # fmt: skip
def test_a_declaration_that_no_reader_could_hold_is_refused_by_its_place(
    fields: tuple[Field, ...], said: str
) -> None:
    """Once stored, two fields of one name kept the API from starting, and items of a text stopped every intake."""
    with pytest.raises(ValueError, match=said):
        Dataset("d", 1, "t", "p", 1, fields)


def test_such_a_declaration_is_refused_when_it_is_read_too() -> None:
    document = msgspec.to_builtins(Dataset("d", 1, "t", "p", 1, (Field("a", "text", "s"),)))
    document["fields"] = [*document["fields"], *document["fields"]]
    with pytest.raises(MalformedError, match="declared twice"):
        decode(encode(document), Dataset)


def test_the_deepest_declaration_is_accepted_and_one_deeper_is_not() -> None:
    def nested(depth: int) -> Dataset:
        field = Field("x", "text", "s")
        for _ in range(depth - 1):
            field = Field("x", "object", "s", items=(field,))
        return Dataset("d", 1, "t", "p", 1, (field,))

    Shape(nested(MAX_NESTING))
    assert validate(nested(MAX_NESTING), {}) == ""
    with pytest.raises(ValueError, match="nested deeper"):
        nested(MAX_NESTING + 1)


def test_names_that_python_keeps_for_itself_are_names_of_fields() -> None:
    names = ("class", "__class__", "None", "é", "a b", "f0", "self", "msgspec", "a.b")
    dataset = Dataset("d", 1, "t", "p", 1, tuple(Field(name, "integer", "s", required=True) for name in names))
    assert Shape(dataset).accepts(encode(dict.fromkeys(names, 1)))


@given(st.binary(max_size=200))
def test_no_bytes_make_a_reader_fail_otherwise_than_by_its_own_error(raw: bytes) -> None:
    for kind in (Dataset, TrustPolicy, object):
        try:
            decode(raw, kind)
        except MalformedError as refused:
            assert refused.reason  # noqa: PT017  either is right
