"""How documents follow each other: each names itself (FileOID) and may name the one before it (PriorFileOID)."""

from collections.abc import Sequence

from connectors.odm.document import Head


def broken(heads: Sequence[tuple[str, Head]]) -> list[str]:
    """What is odd about the order in which these documents are read."""
    places = {head.file_oid: at for at, (_, head) in enumerate(heads) if head.file_oid}
    notes = []
    for at, (label, head) in enumerate(heads):
        if head.file_oid and places[head.file_oid] != at:
            notes.append(
                f"{label}: has the FileOID {head.file_oid!r} of {heads[places[head.file_oid]][0]}; one is a copy, or misnamed"
            )
        if not head.prior:
            continue
        before = places.get(head.prior)
        if before is None and at > 0:
            notes.append(f"{label}: follows a file {head.prior!r} that is not here; ask for it, or what it told is missing")
        elif before is not None and before > at:
            notes.append(f"{label}: follows {heads[before][0]}, which is read after it; name the files in their order")
    return notes
