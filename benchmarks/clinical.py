"""Generated clinical data as ODM-XML, written as it is made: a file of any size in no memory."""

from __future__ import annotations

from pathlib import Path
from typing import IO

NAMESPACE = "http://www.cdisc.org/ns/odm/v1.3"
VISITS, GROUPS, ITEMS = 10, 4, 12


def write(path: Path, size: int) -> int:
    """Write a document of about so many bytes; the number of item groups in it."""
    with path.open("w", encoding="utf-8") as stream:
        stream.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<ODM xmlns="{NAMESPACE}" ODMVersion="1.3.2" FileType="Snapshot" ')
        stream.write('FileOID="F1" CreationDateTime="2026-01-01T00:00:00Z">\n')
        stream.write('<ClinicalData StudyOID="S1" MetaDataVersionOID="1">\n')
        subjects = 0
        while stream.tell() < size:
            subjects += 1
            _subject(stream, subjects)
        stream.write("</ClinicalData>\n</ODM>\n")
    return subjects * VISITS * GROUPS


def _subject(stream: IO[str], number: int) -> None:
    parts = [f'<SubjectData SubjectKey="{number:08d}"><SiteRef LocationOID="L{number % 97}"/>\n']
    for visit in range(VISITS):
        parts.append(f'<StudyEventData StudyEventOID="V{visit}" StudyEventRepeatKey="1"><FormData FormOID="VS">\n')
        for group in range(GROUPS):
            items = "".join(f'<ItemData ItemOID="I{at}" Value="{number * 31 + visit * 7 + at}"/>' for at in range(ITEMS))
            parts.append(f'<ItemGroupData ItemGroupOID="G{group}" ItemGroupRepeatKey="1">{items}</ItemGroupData>\n')
        parts.append("</FormData></StudyEventData>\n")
    stream.write("".join([*parts, "</SubjectData>\n"]))
