"""The published relations that span entities: retired ids, changes, quality figures and runs."""

from collections.abc import Iterable

from mdm.entity import Entity
from mdm.hub.views_sql import Column, Relation, Words, literal, quoted

COUNTS = {
    "members": "Source records that are members of golden records.",
    "quarantined": "Source records that failed a hard check.",
    "suppressed": "Source records left out on purpose.",
    "pairs": "Pairs of records held as matches.",
    "queued": "Open questions for stewards.",
    "created": "Golden records made.",
    "changed": "Golden records whose values changed.",
    "merged": "Golden records that went into another one.",
    "split": "Golden records made by a split.",
    "retired": "Golden ids that retired.",
    "restored": "Golden ids that came back.",
    "total": "Golden records there are now.",
}
_ENTITY = Column("entity", "The entity.", "t.entity")
_PUBLISHED = "join run_entity u on u.run_id = t.run_id and u.entity = t.entity and u.published_at is not null"


def fixed(entities: Iterable[Entity], words: Words) -> list[Relation]:
    """The relations every hub has."""
    return [*_retired(), _change(list(entities), words), _quality(), _run(words)]


def _retired() -> list[Relation]:
    columns = (
        _ENTITY,
        Column("golden_id", "The golden id that is retired.", "t.golden_id"),
        Column(
            "successor_id", "The golden id that stands for it now; one row for each, null: none.", "nullif(t.successor_id, '')"
        ),
        Column("retired_at", "When it was retired (UTC).", "u.published_at"),
        Column("reason", "Why.", "t.reason"),
    )
    known = (
        Column("known_from", "When the hub came to know this (UTC).", "u.published_at"),
        Column("known_to", "When it ceased to be true (UTC); null: it still is.", "k.published_at"),
        Column("run_id", "Run that published this.", "t.from_run"),
    )
    body = """from retired_id t
join "release" p on p.entity = t.entity
left join run_entity u on u.entity = t.entity and u.run_id = t.from_run"""
    closed = "left join run_entity k on k.entity = t.entity and k.run_id = t.to_run and t.to_run <= p.run_id"
    now = f"{body}\nwhere t.from_run <= p.run_id and t.to_run > p.run_id"
    ever = f"{body}\n{closed}\nwhere t.from_run <= p.run_id"
    return [
        Relation("retired", "Golden ids that are retired now, and what stands for them.", columns, now),
        Relation("retired_history", "Golden ids that are or were retired.", (*columns, *known), ever),
    ]


def _change(entities: list[Entity], words: Words) -> Relation:
    columns = (
        Column("seq", "Number of the change: without gaps, in order of publication.", "u.change_base + t.ordinal"),
        Column("run_id", "Run that published it.", "t.run_id"),
        _ENTITY,
        Column("golden_id", "The golden record.", "t.golden_id"),
        Column("kind", "created, changed, merged, split, retired or restored.", "t.kind"),
        Column("at", "When it was published (UTC).", "u.published_at"),
        Column(
            "before",
            "The golden record before, as JSON; null: there was none.",
            _document(entities, words, "g.from_run < t.run_id and g.to_run >= t.run_id"),
        ),
        Column(
            "after",
            "The golden record after, as JSON; null: there is none.",
            _document(entities, words, "g.from_run <= t.run_id and g.to_run > t.run_id"),
        ),
    )
    return Relation(
        "change", "Every change of a golden record, for systems downstream.", columns, f"from change_log t\n{_PUBLISHED}"
    )


def _document(entities: list[Entity], words: Words, when: str) -> str:
    """The version of the changed golden record at that moment, looked up only where a reader asks for it."""
    if not entities:
        return "cast(null as text)"
    arms = []
    for entity in entities:
        row = words.document("g", entity.attributes, [f"{link.name}_id" for link in entity.links])
        golden = quoted(f"{entity.name}_golden")
        arms.append(f"when {literal(entity.name)} then (select {row} from {golden} g where g.golden_id = t.golden_id and {when})")
    return "case t.entity\n        " + "\n        ".join(arms) + "\n    end"


def _quality() -> Relation:
    columns = (
        Column("run_id", "Run that measured it.", "t.run_id"),
        _ENTITY,
        Column("source", "The source, or the two sources of a pair joined by +; null: all.", "nullif(t.source, '')"),
        Column("attribute", "The attribute; null: all.", "nullif(t.attribute, '')"),
        Column("band", "Part of the records, or band of score of the pairs, it is about; null: all.", "nullif(t.band, '')"),
        Column("measure", "What was measured.", "t.measure"),
        Column("value", "The figure.", "t.value"),
        Column("low", "Lower end of its confidence interval.", "t.low"),
        Column("high", "Upper end of its confidence interval.", "t.high"),
    )
    return Relation("quality", "Figures of quality, run by run.", columns, f"from quality_figure t\n{_PUBLISHED}")


def _run(words: Words) -> Relation:
    columns = (
        Column("run_id", "Number of the run.", "t.run_id"),
        _ENTITY,
        Column("started_at", "When it began (UTC).", "t.started_at"),
        Column("published_at", "When readers began to see it (UTC).", "t.published_at"),
        *(Column(name, about, words.number("t.counts", name)) for name, about in COUNTS.items()),
    )
    return Relation(
        "run", "Published runs, one row for each entity.", columns, "from run_entity t\nwhere t.published_at is not null"
    )
