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
        Column("seq", "Number of the change: without gaps, in order of publication.", "t.seq"),
        Column("run_id", "Run that published it.", "t.run_id"),
        _ENTITY,
        Column("golden_id", "The golden record.", "t.golden_id"),
        Column("kind", "created, changed, merged, split, retired or restored.", "t.kind"),
        Column("at", "When it was published (UTC).", "t.at"),
        Column("before", "The golden record before, as JSON; null: there was none.", "t.before"),
        Column("after", "The golden record after, as JSON; null: there is none.", "t.after"),
    )
    arms = "\n    union all\n    ".join(_changes(entity, words) for entity in entities) or _NOTHING
    return Relation("change", "Every change of a golden record, for systems downstream.", columns, f"from (\n    {arms}\n) t")


_NOTHING = """select 0 as seq, 0 as run_id, '' as entity, '' as golden_id, '' as kind, u.published_at as at,
        '' as before, '' as after
    from run_entity u where 1 = 0"""


def _changes(entity: Entity, words: Words) -> str:
    e, golden = literal(entity.name), quoted(f"{entity.name}_golden")
    links = [f"{link.name}_id" for link in entity.links]
    row = {
        side: f"case when {side}.golden_id is not null then {words.document(side, entity.attributes, links)} end" for side in "ba"
    }
    return f"""select u.change_base + l.ordinal as seq, l.run_id, l.entity, l.golden_id, l.kind, u.published_at as at,
        {row["b"]} as before,
        {row["a"]} as after
    from run_entity u
    join change_log l on l.run_id = u.run_id and l.entity = u.entity
    left join {golden} b on b.golden_id = l.golden_id and b.from_run < l.run_id and b.to_run >= l.run_id
    left join {golden} a on a.golden_id = l.golden_id and a.from_run <= l.run_id and a.to_run > l.run_id
    where u.entity = {e} and u.published_at is not null"""


def _quality() -> Relation:
    columns = (
        Column("run_id", "Run that measured it.", "t.run_id"),
        _ENTITY,
        Column("source", "The source; null: all.", "nullif(t.source, '')"),
        Column("attribute", "The attribute; null: all.", "nullif(t.attribute, '')"),
        Column("band", "Part of the records it is about; null: all.", "nullif(t.band, '')"),
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
