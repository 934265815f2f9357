"""The redactor `person_name`."""

import re
from collections.abc import Iterator

from canopee_agent.redactor import Redactor, Span, places, regions, word_start

_LABEL = (
    r"(?:nom(?:[ _-]?(?:de[ _-]?naissance|d['’_ ]usage|de[ _-]?famille|patronymique|marital|usuel|naissance))?"
    r"|nom[ _-]?(?:et|/|&)[ _-]?pr[ée]noms?|pr[ée]noms?(?:[ _-]?usuel)?|(?:nom|pr[ée]nom)[ _-]?(?:du[ _-]?)?patiente?"
    r"|patiente?(?:[ _-]?(?:nom|name|pr[ée]nom))?|assur[ée]e?|b[ée]n[ée]ficiaire|ayant[ _-]droit|destinataire"
    r"|m[ée]decin(?:[ _-]traitant)?|(?:last|first|family|given|birth|full|maiden)[ _-]?name|surname|family|given)"
)
_LETTER = r"[^\W\d_][\u0300-\u036f]*"
"""With the accents that macOS and some exports write after it."""
_WORD = rf"(?:{_LETTER}\.-?){{0,3}}{_LETTER}(?:{_LETTER}|['’-](?={_LETTER}))*\.?(?![\w\u0300-\u036f])"
_VALUE = rf"{_WORD}(?:[ \xa0]{{1,2}}{_WORD}){{0,4}}"
_GAP = r"(?:[ \t\xa0]|&nbsp;){0,40}"
_CAPITALISED = r"(?:[A-ZÀ-ÖØ-Þ](?:[^\W\d_]|[\u0300-\u036f])*(?:['’-](?:[^\W\d_]|[\u0300-\u036f])+)*)"
_THEN_FIRST = rf"(?:,[ \xa0]?(?-i:{_CAPITALISED})(?![\w\u0300-\u036f]|[ \t\"']*[:=]))?"
_LABELLED = re.compile(
    rf"(?<![^\W_]){_LABEL}(?:\(s\))?(?:[\"']|\\\"|>)?{_GAP}(?:[:=>|\t]|\\t|\r?\n(?=[^\S\n]*{_LETTER}))+{_GAP}"
    rf"(?:[\"'\[]|\\\"){{0,2}}(?P<value>{_VALUE}{_THEN_FIRST})(?![\w/]|\\(?!\")|\.\w|[ \t]*[=({{])",
    re.IGNORECASE,
)
_SMALL_WORDS = r"(?:d[eu'’][ \xa0]?|l[ae][ \xa0])*"
_TITLED = re.compile(
    r"(?<![\w.])(?:M\.|MM\.|Mr\.?|Mme\.?|Mlle\.?|Monsieur|Madame|Mademoiselle|Dr\.?|Docteur|Pr\.?|Professeur"
    r"|Patiente?|PATIENTE?|MR\.?|MME\.?|MLLE\.?|MONSIEUR|MADAME|MADEMOISELLE|DR\.?|DOCTEUR|PR\.|PROFESSEUR)"
    rf"[ \xa0]{{1,3}}(?P<value>{_SMALL_WORDS}{_CAPITALISED}"
    rf"(?:[ \xa0]{{1,2}}{_SMALL_WORDS}{_CAPITALISED}){{0,3}})(?![\w\\/]|\.\w)"
)
_CARET = re.compile(rf"(?<![\w^])({_WORD}(?:[ ]{_WORD}){{0,3}}\^{_WORD}(?:[ ^]{{1,2}}{_WORD}){{0,4}})(?!\w)")
_LABEL_WORDS = (
    "nom", "patient", "assur", "ficiaire", "ayant", "decin", "destinataire",
    "last", "first", "family", "given", "birth", "full", "maiden", "surname",
)  # fmt: skip
"""One of them is in the first word of each label."""
_TITLES = (
    "m. ", "mm. ", "mr ", "mr. ", "mme", "mlle", "monsieur", "madame", "mademoiselle",
    "dr ", "dr. ", "docteur", "pr ", "pr. ", "professeur", "patient",
)  # fmt: skip
_NO_NAMES = frozenset((
    "null", "none", "undefined", "inconnu", "inconnue", "vide", "empty", "true", "false", "string", "varchar", "text",
    "id", "the", "du", "de", "la", "le", "les", "un", "une",
))  # fmt: skip


class PersonName(Redactor):
    """Names next to a label (`Nom :`, `"prenom":`, `<nomUsuel>`), after a title (`Mme`), and `DUPONT^JEAN`.

    A name that nothing announces cannot be told from any other word, and stays.
    """

    def spans(self, text: str, small: str) -> Iterator[Span]:
        """Each name; see `Redactor`."""
        for words, pattern in ((_LABEL_WORDS, _LABELLED), (_TITLES, _TITLED)):
            for at in places(small, words):
                found = pattern.match(text, word_start(text, at))
                if found and found["value"].lower() not in _NO_NAMES:
                    yield found.span("value")
        for region in regions(small, "^", before=128, after=128):
            yield from (found.span(1) for found in _CARET.finditer(text, *region))
