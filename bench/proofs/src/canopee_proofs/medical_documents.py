"""Synthetic texts of practices, with seeded identifiers: nobody's. What is in them, and where, is known exactly."""

import random
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TypeAlias

import msgspec

Seed: TypeAlias = tuple[int, int, str]
"""Start, end and kind of one identifier of a text."""

_FIRST = (
    "Jean", "Marie", "Léa", "Noël", "Jean-Pierre", "Anne-Sophie", "Zoé", "François", "Élodie", "Mohamed", "Inès",
    "Maëlys", "Gaël", "Thérèse", "Loïc", "Chloé", "Hugo", "Fatima", "Björn", "Nguyen",
)  # fmt: skip
_LAST = (
    "Martin", "DUPONT", "Le Goff", "d'Artagnan", "LEFÈVRE", "Müller", "N'DIAYE", "Petit", "DE LA TOUR", "Nguyen",
    "Roux", "O'Connor", "LE BIHAN", "Garcia", "BENALI", "Saint-Exupéry", "Lemaître", "Durand", "ÇELIK", "Fontaine",
)  # fmt: skip
_LOGINS = ("jdupont", "Marie Martin", "dr.lefevre", "accueil2", "Secrétariat", "m.benali", "PosteCabinet")
_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
_BETWEEN = (" ", "", ".", "-", "\xa0", "_")


class Document(msgspec.Struct, frozen=True):
    """One text, and every identifier that was put into it."""

    form: str
    text: str
    seeds: tuple[Seed, ...]


class Draft:
    """A text being written, that remembers where its identifiers are."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self._parts: list[str] = []
        self._length = 0
        self._seeds: list[Seed] = []

    def say(self, *parts: str | tuple[str, str]) -> None:
        """Add texts, and identifiers as (kind, text)."""
        for part in parts:
            text = part if isinstance(part, str) else part[1]
            if not isinstance(part, str):
                self._seeds.append((self._length, self._length + len(text), part[0]))
            self._parts.append(text)
            self._length += len(text)

    def document(self, form: str) -> Document:
        """What was written."""
        return Document(form, "".join(self._parts), tuple(self._seeds))

    def number(self) -> tuple[str, str]:
        """A social-security number with its key, grouped in one of the ways that people and programs write it."""
        one = social_security_number(self.chance)
        between = self.chance.choice(_BETWEEN)
        cuts = self.chance.choice(((1, 3, 5, 7, 10, 13), (1, 3, 5, 7, 10, 13), (13,), (1, 5, 10, 13)))
        bounds = (0, *cuts, len(one))
        return "social_security_number", between.join(one[start:end] for start, end in pairwise(bounds))

    def name(self) -> tuple[str, str]:
        """A first name and a name, in either order."""
        first, last = self.chance.choice(_FIRST), self.chance.choice(_LAST)
        return "person_name", f"{last} {first}" if self.chance.random() < 0.5 else f"{first} {last}"  # noqa: PLR2004  one in two

    def last(self) -> tuple[str, str]:
        """A name alone."""
        return "person_name", self.chance.choice(_LAST)

    def first(self) -> tuple[str, str]:
        """A first name alone."""
        return "person_name", self.chance.choice(_FIRST)

    def born(self) -> tuple[str, str]:
        """A date of birth, in one of the ways of writing it."""
        day = date(1925, 1, 1) + timedelta(days=self.chance.randrange(36_000))
        written = self.chance.choice(
            ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%Y%m%d", "month")
        )
        if written == "month":
            return "birth_date", f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
        return "birth_date", day.strftime(written)

    def phone(self) -> tuple[str, str]:
        """A telephone number, in one of the ways of writing it."""
        pairs = [f"{self.chance.randrange(100):02}" for _ in range(4)]
        start = self.chance.choice(("0{}", "+33 {}", "+33{}", "0033 {}", "+33 (0){}", "+262 {}")).format(
            self.chance.randrange(1, 10)
        )
        between = self.chance.choice((" ", ".", "", "-"))
        return "phone_number", between.join((start, *pairs))

    def mail(self) -> tuple[str, str]:
        """An e-mail address."""
        user = self.chance.choice(("jean.dupont", "l.martin+labo", "secretariat", "dr-lefevre", "n_guyen"))
        host = self.chance.choice(
            ("example.fr", "medecin.mssante.example.org", "cabinet-durand.example", "chu.example.re")
        )
        return "email_address", f"{user}@{host}"

    def login(self) -> tuple[str, str]:
        """The name of a user's folder."""
        return "user_folder", self.chance.choice(_LOGINS)


def social_security_number(chance: random.Random) -> str:
    """Fifteen characters: births of any department, Corsica and overseas included, and those of unknown months."""
    month = chance.choice(
        (chance.randrange(1, 13), chance.randrange(1, 13), chance.randrange(20, 43), chance.randrange(50, 100))
    )
    department = chance.choice(
        (f"{chance.randrange(1, 96):02}", f"{chance.randrange(1, 96):02}", "2A", "2B", "97", "99")
    )
    start = f"{chance.choice('1212121278')}{chance.randrange(100):02}{month:02}{department}"
    number = f"{start}{chance.randrange(1, 1_000):03}{chance.randrange(1, 1_000):03}"
    counted = int(number.replace("2A", "19").replace("2B", "18") if department in {"2A", "2B"} else number)
    return f"{number}{97 - counted % 97:02}"


def documents(chance: random.Random, how_many: int) -> Iterator[Document]:
    """Texts of every form, in turn."""
    for number in range(how_many):
        form = _FORMS[number % len(_FORMS)]
        draft = Draft(chance)
        form(draft)
        yield draft.document(form.__name__.strip("_"))


_HARMLESS = (
    "[http-8080-exec-{small}] GET /v2/agenda/{large} 200 {small} ms",
    "sha256={hash:064x} size={large}",
    "transaction {large:015} ended, guid {{{hash:032X}}}",
    "Nom du fichier : export_{small}.zip, nombre de pages : {small}",
    "version 8.2.{small}.{large} on 192.168.{small}.{small}:5432",
    "C:\\Program Files\\Cabinet\\bin\\cabinet.exe pid={large} hostname=PC-{small}",
    "facture n° {larger:010} du 12/05/2026, montant {small},{small:02} EUR",
    "lecteur Vitale firstname=false lastError=0x{large:08X} printer name=HP",
    "PR #{small} merged, DR {small}, 1 {small:02} {small:02} {small:02} {small:03} {small:03} {small:02} cells",
    "count {large}\n{small} rows, 2 {small:02}\n12 14 18 123 456 78",
    "Madame, Monsieur, votre lot {small} est prêt; module DR-{small} (0{small:02}) {small:04}",
    "FSE lot {small:03} numéro {large:09} transmise, code 00 {large:08}",
)
"""Lines of a log that hold nobody's data, though much of it looks like some."""


def _stamp(draft: Draft) -> str:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=draft.chance.randrange(31_000_000_000))
    return at.isoformat(" ", "milliseconds")[:23].replace(".", ",")


def _noise(draft: Draft, lines: int) -> None:
    chance = draft.chance
    for _ in range(lines):
        line = chance.choice(_HARMLESS)
        said = line.format(
            small=chance.randrange(256),
            large=chance.randrange(10**9),
            larger=chance.randrange(10**10),
            hash=chance.getrandbits(256),
        )
        draft.say(_stamp(draft), " ", chance.choice(("INFO ", "DEBUG", "WARN ")), " ", said, "\n")


def _application_log(draft: Draft) -> None:
    _noise(draft, draft.chance.randrange(1, 8))
    draft.say(
        _stamp(draft),
        " INFO  Ouverture du dossier patient : ",
        draft.name(),
        ", née le ",
        draft.born(),
        ", NIR ",
        draft.number(),
        "\n",
    )
    _noise(draft, draft.chance.randrange(1, 8))
    draft.say(
        _stamp(draft), " ERROR carte Vitale: numero=", draft.number(), " rejetée, rappeler ", draft.phone(), "\n"
    )
    draft.say(_stamp(draft), " WARN  mail non remis à ", draft.mail(), "\n")
    draft.say(
        _stamp(draft), " INFO  lecture de C:\\Users\\", draft.login(), "\\AppData\\Local\\Cabinet\\cabinet.log\n"
    )
    _noise(draft, draft.chance.randrange(1, 8))


def _json_log(draft: Draft) -> None:
    draft.say('{"ts":"2026-11-26T08:00:00Z","patient":{"nom":"', draft.last(), '","prenom":"', draft.first())
    draft.say('","dateNaissance":"', draft.born(), '","nir":"', draft.number(), '","tel":"', draft.phone(), '"},')
    draft.say(
        '"file":"C:\\\\Users\\\\', draft.login(), '\\\\Documents\\\\ordonnance.pdf","mail":"', draft.mail(), '"}\n'
    )


def _xml(draft: Draft) -> None:
    draft.say(
        "<hprim:patient><hprim:nomUsuel>",
        draft.last(),
        "</hprim:nomUsuel><hprim:prenoms><hprim:prenom>",
        draft.first(),
    )
    draft.say(
        "</hprim:prenom></hprim:prenoms><hprim:dateNaissance><hprim:date>",
        draft.born(),
        "</hprim:date></hprim:dateNaissance>",
    )
    draft.say(
        "<numeroSecuriteSociale>",
        draft.number(),
        "</numeroSecuriteSociale><mail>",
        draft.mail(),
        "</mail></hprim:patient>\n",
    )


def _letter(draft: Draft) -> None:
    draft.say(
        "Cher confrère,\n\nJe vous adresse Mme ",
        draft.name(),
        ", née le ",
        draft.born(),
        ", que je suis pour HTA.\n",
    )
    draft.say("N° SS : ", draft.number(), "\nTél. ", draft.phone(), "\nMédecin traitant : Dr ", draft.name(), "\n")
    draft.say("Bien cordialement,\nDocteur ", draft.name(), "\n", draft.mail(), "\n")


def _settings(draft: Draft) -> None:
    draft.say(
        "[Dernier]\r\nNom=",
        draft.last(),
        "\r\nPrenom=",
        draft.first(),
        "\r\nDDN=",
        draft.born(),
        "\r\nNIR=",
        draft.number(),
    )
    draft.say(
        "\r\nChemin=C:\\Documents and Settings\\",
        draft.login(),
        "\\Bureau\\export.csv\r\nVersion=8.2.1\r\nPort=5432\r\n",
    )


def _hl7_in_log(draft: Draft) -> None:
    draft.say(_stamp(draft), " DEBUG MLLP >> MSH|^~\\&|CAB|LABO|20261126080000||ADT^A01|1|P|2.5\r")
    draft.say(
        "PID|",
        ("medical_segment", f"1||{draft.number()[1]}^^^ASIP||{draft.last()[1]}^{draft.first()[1]}||19850512|F"),
        "\r",
    )
    draft.say("OBX|", ("medical_segment", "1|NM|718-7^Hb||13.2|g/dL"), "\n")
    _noise(draft, 2)


def _hprim_in_log(draft: Draft) -> None:
    draft.say(
        "H|^~\\&|FICHIER.HPR||LABO\nP|1|",
        ("medical_segment", f"{draft.chance.randrange(10**6)}|{draft.last()[1]}^{draft.first()[1]}||19850512|M"),
    )
    draft.say("\n", _stamp(draft), " INFO fichier intégré\n")


def _dicom_dump(draft: Draft) -> None:
    draft.say(
        "(0008,0060) CS [CR]\n(0010,0010) PN ", ("medical_segment", f"[{draft.last()[1]}^{draft.first()[1]}]")
    )
    draft.say("\n(0010,0030) DA ", ("medical_segment", "[19850512]"), "\n(0020,0013) IS [1]\n")


def _sql(draft: Draft) -> None:
    draft.say(
        _stamp(draft),
        " TRACE UPDATE patient SET nom = '",
        draft.last(),
        "', prenom = '",
        draft.first(),
        "', tel='",
        draft.phone(),
    )
    draft.say("' WHERE nir='", draft.number(), "' AND date_naissance = '", draft.born(), "'\n")


def _wrapped(draft: Draft) -> None:
    """Numbers in columns, in groups far apart, and cut by the end of a line, with the dates of the next one."""
    kind, one = "social_security_number", social_security_number(draft.chance)
    bounds = (0, 1, 3, 5, 7, 10, 13, 15)
    groups = [one[start:end] for start, end in pairwise(bounds)]
    between = [draft.chance.choice((" ", "  ", "   ")) for _ in groups]
    between[draft.chance.randrange(len(groups) - 1)] = draft.chance.choice(("\n", "\r\n  ", "  "))
    draft.say("Assuré\n", (kind, "".join(map("".join, zip(groups, between, strict=True))).strip()), "\n")
    plain = social_security_number(draft.chance)
    if plain.isdecimal():
        cut = draft.chance.randrange(6, 14)
        draft.say("dossier ", (kind, f"{plain[:cut]}\n{plain[cut:]}"), " suite\n")
    _noise(draft, 3)


def _in_capitals(draft: Draft) -> None:
    title = draft.chance.choice(("MME", "MADAME", "MONSIEUR", "MLLE", "DR", "Mme", "Dr"))
    draft.say("CONVOCATION DE ", title, " ", ("person_name", draft.name()[1].upper()), " LE 12/06/2026\n")
    draft.say("NOM DE NAISSANCE : ", ("person_name", draft.last()[1].upper()), "\nNÉE LE ", draft.born(), "\n")
    draft.say("TÉL : ", draft.phone(), " / (06) 12\n")


def _decomposed(draft: Draft) -> None:
    """Accents after their letters, as macOS and some exports write them; a name before its first name."""
    name = unicodedata.normalize("NFD", draft.last()[1])
    draft.say("Nom : ", ("person_name", name), "\nPatient : ")
    draft.say(("person_name", f"{draft.chance.choice(('MARTIN', 'Roux', 'PETIT'))}, {draft.first()[1]}"), "\n")


def _hl7_escapes(draft: Draft) -> None:
    """Components, subcomponents and escapes of HL7, quoted by JSON."""
    who = f"{draft.last()[1]}\\T\\FILS&DE^{draft.first()[1]}"
    fields = f"1||{draft.number()[1]}^^^&1.2.250.1.213&ISO^NH||{who}||19850512|M"
    draft.say('{"hl7":"PID|', ("medical_segment", fields), '\\rPV1|1|O"}\n')


def _address_bar(draft: Draft) -> None:
    number = draft.number()
    draft.say(
        "GET /patients?nir=",
        (number[0], number[1].replace(" ", "%20").replace("\xa0", "%20")),
        "&nom=",
        ("person_name", draft.chance.choice(("Martin", "DUPONT", "Roux"))),
    )
    draft.say("&email=", ("email_address", draft.mail()[1].replace("@", "%40").replace("+", ".")), " 200\n")
    _noise(draft, 2)


_FORMS: tuple[Callable[[Draft], None], ...] = (
    _application_log, _json_log, _xml, _letter, _settings, _hl7_in_log, _hprim_in_log, _dicom_dump, _sql, _address_bar,
    _wrapped, _in_capitals, _decomposed, _hl7_escapes,
)  # fmt: skip
