"""The redactor `medical_segment`."""

import re
from collections.abc import Iterator

from canopee_agent.redactor import Redactor, Span, places

_OF_HL7 = "PID|PD1|NK1|GT1|IN1|IN2|IN3|MRG|OBX|NTE|AL1|DG1|IAM|RXE|RXO|ZBE|ZFP"
_OF_HPRIM = "P|OBX|C|AC|AP"
_SEGMENT = re.compile(
    rf"(?:(?<=[\s\"'>])|(?<=\\r)|(?<=\\n)|^)(?:(?:{_OF_HL7})\||(?:{_OF_HPRIM})\|\d*\|)"
    r"(?P<fields>(?=[^\r\n]*\|)(?:[^\r\n\"\\]|\\(?![rn\"]))+)"
)
_DICOM_LINE = re.compile(r"\(0010,[0-9A-Fa-f]{4}\)[ \t]+(?:[A-Z]{2}[ \t]+)?(?P<fields>[^\r\n]+)")
_DICOM_JSON = re.compile(r"\"0010[0-9A-Fa-f]{4}\"\s*:\s*\{[^{}\[\]]*\"Value\"\s*:\s*(?P<fields>\[[^\[\]]+\])")
_SEGMENTS = tuple(f"{one.lower()}|" for one in (*_OF_HL7.split("|"), *_OF_HPRIM.split("|")))


class MedicalSegment(Redactor):
    """What HL7 v2, HPRIM and DICOM say of a patient, where a log quotes it: all fields of such a segment.

    Whole files of these formats are not collected at all (see `sensitive_files`).
    """

    def spans(self, text: str, small: str) -> Iterator[Span]:
        """The fields of each segment; see `Redactor`."""
        for words, pattern in ((_SEGMENTS, _SEGMENT), (("(0010,",), _DICOM_LINE), (('"0010',), _DICOM_JSON)):
            for at in places(small, words):
                if found := pattern.match(text, at):
                    yield found.span("fields")
