"""Each kind of personal data: how it is written by people and programs, and what only looks like it."""

import pytest

from canopee_agent.redaction import Redaction, told
from canopee_agent.redactors.social_security_number import has_good_key

NUMBER = "185057800608491"


def hidden(text: str) -> dict[str, int]:
    """What is found in `text`, by kind."""
    redaction = Redaction()
    redaction.clean(text)
    return told(redaction.counts)


@pytest.mark.parametrize(
    "written",
    [
        NUMBER,
        "1 85 05 78 006 084 91",
        "1.85.05.78.006.084.91",
        "1-85-05-78-006-084-91",
        "1\xa085\xa005\xa078\xa0006\xa0084\xa091",
        "1%2085%2005%2078%20006%20084%2091",
        "1&nbsp;85&nbsp;05&nbsp;78&nbsp;006&nbsp;084&nbsp;91",
        "1850578006084 91",
        "12 1850578006084 91",
    ],
)
def test_a_number_with_its_key_is_found_however_it_is_grouped(written: str) -> None:
    clean = Redaction().clean(f"carte {written} lue")
    assert "[social_security_number]" in clean
    assert "006" not in clean


@pytest.mark.parametrize("department", ["2A", "2B", "2a"])
def test_a_birth_in_corsica_counts_as_a_department_of_old(department: str) -> None:
    number = f"18505{department}006084"
    counted = int(number.upper().replace("2A", "19").replace("2B", "18"))
    assert has_good_key(f"{number}{97 - counted % 97:02}")
    assert hidden(f"NIR={number}{97 - counted % 97:02};") == {"social_security_number": 1}


@pytest.mark.parametrize(
    "text",
    [
        "transaction 185057800608437 ended",  # the key is another one
        "185157800608436",  # there is no month 15, whatever the key
        "9185057800608491",  # one digit more
        "1850578006084911",
        "guid 3185057800608491a",
    ],
)
def test_digits_that_are_no_such_number_stay(text: str) -> None:
    assert Redaction().clean(text) == text


@pytest.mark.parametrize(
    "text", ["NIR : 1850578006084", "n° sécu 1 85 05 78 006 084", "immatriculation=185057800608499"]
)
def test_after_a_label_a_number_without_key_or_with_a_wrong_one_is_found(text: str) -> None:
    assert hidden(text) == {"social_security_number": 1}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Nom : DUPONT\n", "Nom : [person_name]\n"),
        ("nom=d'Artagnan;age=30", "nom=[person_name];age=30"),
        ('{"lastName": "Le Goff", "n": 1}', '{"lastName": "[person_name]", "n": 1}'),
        ('{\\"prenom\\":\\"Léa\\"}', '{\\"prenom\\":\\"[person_name]\\"}'),
        ("<nomUsuel>N'DIAYE</nomUsuel>", "<nomUsuel>[person_name]</nomUsuel>"),
        ("Nom\r\n  Martin\r\n", "Nom\r\n  [person_name]\r\n"),
        ("vu avec Mme DE LA TOUR Marie ce jour", "vu avec Mme [person_name] ce jour"),
        ("le Dr Jean-Pierre Lefèvre a signé", "le Dr [person_name] a signé"),
        ("5|DUPONT^JEAN^^M", "5|[person_name]"),
    ],
)
def test_a_name_is_found_next_to_its_label_or_title_and_nothing_more(text: str, clean: str) -> None:
    assert Redaction().clean(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "Nom du fichier : export.zip",
        "nom=cabinet.ini",
        "hostname=PC-12 filename: a.log username=",
        "nombre de pages : douze",
        "prenom=null nom=undefined",
        "SELECT nom, prenom FROM personne",
        "M. 12 et suivants",
    ],
)
def test_words_that_are_nobodys_name_stay(text: str) -> None:
    assert Redaction().clean(text) == text


@pytest.mark.parametrize(
    "written",
    ["06 12 34 56 78", "0612345678", "06.12.34.56.78", "+33 6 12 34 56 78", "+33 (0)6 12 34 56 78", "0033612345678",
     "+262 692 12 34 56", "+32 2 555 12 12", "+1 (555) 123 4567"],
)  # fmt: skip
def test_a_telephone_number_is_found_however_it_is_written(written: str) -> None:
    assert Redaction().clean(f"tel={written};") == "tel=[phone_number];"


@pytest.mark.parametrize(
    "text",
    ["2026-11-26 08:15:16,123", "0.1234567890", "192.168.0.12:5432", "1.06.12.34.56.78", "x0612345678", "+12 °C"],
)
def test_times_versions_and_addresses_are_no_telephone_numbers(text: str) -> None:
    assert Redaction().clean(text) == text


@pytest.mark.parametrize(
    "text",
    ["née le 12/05/1985", "né(e) le 12.05.85", "date de naissance : 12 mars 1985", "DDN=19850512", "dob: 12051985",
     'birthDate":"1985-05-12"', "<dateNaissance><date>1985-05-12</date></dateNaissance>",
     "Date de naissance\r\n  1er août 1985"],
)  # fmt: skip
def test_a_date_of_birth_is_found_by_what_is_before_it(text: str) -> None:
    assert hidden(text) == {"birth_date": 1}


def test_any_other_date_stays() -> None:
    text = "rendez-vous le 12/05/1985, ordonnance du 2026-11-26, le journal a tourné le 20261126"
    assert Redaction().clean(text) == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (r"C:\Users\jean.dupont\AppData\x.log", r"C:\Users\[user_folder]\AppData\x.log"),
        (r"C:\\Users\\Marie Martin\\x.log", r"C:\\Users\\[user_folder]\\x.log"),
        (r"C:\Documents and Settings\accueil\x", r"C:\Documents and Settings\[user_folder]\x"),
        ("file:///C:/Users/jdupont/x", "file:///C:/Users/[user_folder]/x"),
        ("%5CUsers%5Cjdupont%5Cx", "%5CUsers%5C[user_folder]%5Cx"),
        (r"\\srv\users\jdupont", r"\\srv\users\[user_folder]"),
        (r"opened C:\Users\jdupont in 3 ms", r"opened C:\Users\[user_folder] in 3 ms"),
        ("path:/home/camille/.bashrc", "path:/home/[user_folder]/.bashrc"),
    ],
)
def test_the_name_of_a_user_is_hidden_in_a_path(text: str, clean: str) -> None:
    assert Redaction().clean(text) == clean


@pytest.mark.parametrize(
    "text", [r"C:\Users\Public\Desktop", r"C:\Users\Default User\x", r"C:\Users\All Users", "17 users / 3"]
)
def test_folders_that_every_windows_has_stay(text: str) -> None:
    assert Redaction().clean(text) == text


@pytest.mark.parametrize(
    "text", ["jean.dupont@example.fr", "l.martin+labo@mssante.example.org", "jean%40example.fr"]
)
def test_an_address_of_e_mail_is_found(text: str) -> None:
    assert Redaction().clean(f"<{text}>") == "<[email_address]>"


@pytest.mark.parametrize("text", ["user@localhost", "@Override", "v8.2@stable", "a@b"])
def test_an_at_sign_is_not_always_an_address(text: str) -> None:
    assert Redaction().clean(text) == text


def test_the_segments_of_a_patient_are_emptied_and_the_message_can_still_be_read() -> None:
    text = "MSH|^~\\&|CAB|LABO\rPID|1||123^^^X||DUPONT^JEAN||19850512|M\rOBX|1|NM|718-7||13.2\rPV1|1|O\n"
    assert Redaction().clean(text) == "MSH|^~\\&|CAB|LABO\rPID|[medical_segment]\rOBX|[medical_segment]\rPV1|1|O\n"
    assert Redaction().clean("P|1|123|DUPONT^JEAN||19850512\n") == "P|1|[medical_segment]\n"


def test_what_dicom_says_of_a_patient_is_emptied() -> None:
    assert Redaction().clean("(0010,0010) PN [DUPONT^JEAN]\n(0020,0013) IS [1]\n") == (
        "(0010,0010) PN [medical_segment]\n(0020,0013) IS [1]\n"
    )
    text = '{"00100010":{"vr":"PN","Value":[{"Alphabetic":"DUPONT^JEAN"}]},"00200013":{"vr":"IS","Value":[1]}}'
    assert "DUPONT" not in Redaction().clean(text)
    assert '"00200013":{"vr":"IS","Value":[1]}' in Redaction().clean(text)


@pytest.mark.parametrize(
    "text",
    [
        "1 85 05 78 006\n084 91", "1 85 05 78\r\n  006 084 91", "1  85  05  78  006  084  91", "18505780\n0608491",
        "185057800608\r\n   491", "1 85 05 78 006 084 clé 91", "1-85-05-78-006-084 (91", "1\n85\n05\n78\n006\n084\n91",
        "2 85 05 2a 006 084 82",
    ],
)  # fmt: skip
def test_a_number_that_lines_or_spaces_part_is_hidden_whole(text: str) -> None:
    assert Redaction().clean(f"avant {text} après") == "avant [social_security_number] après"


@pytest.mark.parametrize(
    "text",
    [
        "1 85 05 78 006\n084 92", "count 18505780060\n8491-11-20 08:00", "18505780\n0608491:x",
        "1\n85\n05\n78\n006\n084", "1 85 13 78 006  084 91", "pid 12345\n2026-11-20 08:00:00",
    ],
)  # fmt: skip
def test_numbers_of_two_lines_that_only_look_like_one_stay(text: str) -> None:
    assert Redaction().clean(text) == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("MME ÉLISE LEFÈVRE", "MME [person_name]"),
        ("CONVOCATION DE MADAME DUPONT LE 12/06", "CONVOCATION DE MADAME [person_name] 12/06"),
        ("Nom : Lefe\u0300vre\n", "Nom : [person_name]\n"),
        ("patient: de La Tour, Jean\n", "patient: [person_name]\n"),
        ("nom: Roux, Prenom: Jean", "nom: [person_name], Prenom: [person_name]"),
        ("PR #12 merged, DR 12", "PR #12 merged, DR 12"),
        ("tél (06) 12 34 56 78", "tél [phone_number]"),
        ("(06) 12", "(06) 12"),
        (r"PID|1||X||DUPONT\T\FILS^JEAN||1985" + "\n", "PID|[medical_segment]\n"),
        (r'"PID|1||X||DUPONT\T\DE^JEAN||1985\rPV1|1|O"', r'"PID|[medical_segment]\rPV1|1|O"'),
    ],
)
def test_capitals_accents_commas_and_escapes_hide_nothing_from_it(text: str, clean: str) -> None:
    assert Redaction().clean(text) == clean
