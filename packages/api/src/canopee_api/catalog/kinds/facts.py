"""`facts.yaml`: what agents read besides the standard facts."""

import re
from collections.abc import Iterator
from typing import Any, ClassVar, cast

import msgspec

from canopee_api.catalog.schemas import facts_schema
from canopee_api.catalog.shape_faults import shape_faults
from canopee_api.catalog.signed_kind import SignedKind
from canopee_api.catalog.standing import FACTS
from canopee_api.catalog.yaml_text import YamlText
from canopee_contract.catalog import Fault
from canopee_contract.codec import encode
from canopee_contract.errors import PatternError
from canopee_contract.facts import NAME_PATTERN, FactSources
from canopee_contract.pattern import compile_pattern
from canopee_contract.trust_policy import FACT_SOURCES_PATH


class Facts(SignedKind):
    """One file for all of them."""

    name: ClassVar[str] = FACTS

    def claims(self, path: str) -> bool:
        return path in {"facts.yaml", "facts.yml"}

    def faults(self, text: YamlText) -> list[Fault]:
        return [*text.faults, *shape_faults(text, facts_schema()), *_sources(text)]

    def target(self, document: dict[str, Any]) -> tuple[str, str, int, bytes]:
        sources = msgspec.convert(document, FactSources)
        return FACTS, FACT_SOURCES_PATH, sources.version, encode(sources)


def _sources(text: YamlText) -> Iterator[Fault]:
    given: Any = (text.document or {}).get("sources")
    seen = set[str]()
    for number, source in enumerate(cast("list[object]", given) if isinstance(given, list) else []):
        if not isinstance(source, dict):
            continue
        one = cast("dict[str, Any]", source)
        name, pattern = one.get("name"), one.get("display_name")
        if isinstance(name, str):
            if not re.fullmatch(NAME_PATTERN, name) or name in seen:
                message = f"{name[:80]!r} is no name of a fact (such as product.version), or is given twice"
                yield text.fault(("sources", number, "name"), "facts.name", message, found=name[:80])
            seen.add(name)
        if isinstance(pattern, str):
            try:
                compile_pattern(pattern)
            except PatternError as error:
                at = ("sources", number, "display_name")
                yield text.fault(at, "facts.pattern", error.message, reason=error.message)
