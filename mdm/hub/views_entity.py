"""The published relations of one entity."""

from collections.abc import Sequence

from mdm.entity import Attribute, Entity
from mdm.hub.views_sql import Column, Relation, Words, literal, of, quoted

_ABOUT_ID = "Identifier of the golden record; never given to another one."
_ID = Column("golden_id", _ABOUT_ID, "g.golden_id")
_NAMES = (
    Column("source", "The source, as the configuration names it.", "s.source"),
    Column("stream", "The stream of the source.", "s.stream"),
    Column("source_key", "The key of the record at its source; parts of a composite key are joined with |.", "s.source_key"),
)
_XREF = (*_NAMES, _ID, Column("linked_at", "Since when it belongs there (UTC).", "u.published_at"))
_LINKS = (
    _ID,
    Column("link", "Name of the link.", "g.link"),
    Column("to_entity", "Entity of the golden record it leads to.", "g.to_entity"),
    Column("to_id", "Golden id it leads to; null while the source names a record that the hub does not hold.", "g.to_id"),
    Column("role", "Role of the relation, as the source names it.", "g.role"),
    Column("valid_from", "When it began in the world, as the source said.", "g.valid_from"),
    Column("valid_to", "When it ended in the world, as the source said; null: not ended.", "g.valid_to"),
    Column("number", "Number that the relation carries, such as a site number.", "g.number"),
    Column("study", "Study that the relation belongs to.", "g.study"),
    Column("is_primary", "Whether it is the primary one among links of this name.", "g.is_primary"),
    *_NAMES,
)
_KNOWN = (
    Column("known_from", "When the hub came to know this version (UTC).", "u.published_at"),
    Column("known_to", "When the hub ceased to hold it for true (UTC); null: it still does.", "k.published_at"),
    Column("run_id", "Run that published this version.", "g.from_run"),
)
_SOURCE = "left join source_record s on s.record_id = g.record_id"
_NOW = "g.from_run <= p.run_id and g.to_run > p.run_id"


def of_entity(entity: Entity, words: Words) -> list[Relation]:
    """Every relation of this entity, in the order of the contract."""
    e = entity.name
    created = f"left join run_entity c on c.entity = {literal(e)} and c.run_id = g.created_run"
    children = [
        Relation(f"{e}_{c.name}", c.about, (_ID, *_attributes(c.attributes), *_NAMES), _current(e, f"child_{c.name}", _SOURCE))
        for c in entity.collections
    ]
    versioned = (
        (e, "golden", _golden(entity), created, entity.about),
        (f"{e}_link", "relation", _LINKS, _SOURCE, f"One link of a golden record of {e} to another golden record."),
        (f"{e}_xref", "membership", _XREF, _SOURCE, f"Crosswalk: one source record and the golden record of {e} it belongs to."),
    )
    golden, *others = [
        Relation(name, about, columns, _current(e, table, joins)) for name, table, columns, joins, about in versioned
    ]
    history = [
        Relation(f"{name}_history", f"Every version: {about}", (*columns, *_KNOWN), _ever(e, table, joins))
        for name, table, columns, joins, about in versioned
    ]
    return [golden, *children, *others, *history, _lineage(entity, words), _queue(e, words)]


def _golden(entity: Entity) -> tuple[Column, ...]:
    return (
        _ID,
        *_attributes(entity.attributes),
        *(Column(f"{k.name}_id", f"Golden id of the primary link: {k.about}", of("g", f"{k.name}_id")) for k in entity.links),
        Column("source_count", "How many source records it is made of.", "g.source_count"),
        Column("created_at", "When it was first published (UTC).", "c.published_at"),
        Column("updated_at", "When its values last changed (UTC).", "u.published_at"),
    )


def _attributes(attributes: Sequence[Attribute]) -> list[Column]:
    return [Column(a.name, a.about, of("g", a.name)) for a in attributes]


def _visible(e: str, table: str) -> str:
    return f'{quoted(f"{e}_{table}")} g\njoin "release" p on p.entity = {literal(e)}'


def _opened(e: str) -> str:
    return f"left join run_entity u on u.entity = {literal(e)} and u.run_id = g.from_run"


def _current(e: str, table: str, joins: str) -> str:
    return f"from {_visible(e, table)}\n{joins}\n{_opened(e)}\nwhere {_NOW}"


def _ever(e: str, table: str, joins: str) -> str:
    # A version that an unpublished run has closed is still in force.
    closed = f"left join run_entity k on k.entity = {literal(e)} and k.run_id = g.to_run and g.to_run <= p.run_id"
    return f"from {_visible(e, table)}\n{joins}\n{_opened(e)}\n{closed}\nwhere g.from_run <= p.run_id"


def _lineage(entity: Entity, words: Words) -> Relation:
    e = literal(entity.name)
    # A negative winner is the number of a correction: what a steward said stands for a record.
    told = "case when x.winner < 0 then"
    columns = (
        Column("golden_id", _ABOUT_ID, "x.golden_id"),
        Column("attribute", "The attribute.", "x.attribute"),
        Column("value", "Its golden value, as text.", "x.value"),
        Column("source", "Source whose record gave it; steward: a person did.", f"{told} 'steward' else s.source end"),
        Column("stream", "Stream of that source.", f"{told} 'correction' else s.stream end"),
        Column("source_key", "Key of that record.", f"{told} cast(-x.winner as text) else s.source_key end"),
        Column("rule", "Survivorship rule that chose it.", f"{told} 'steward' else r.rule end"),
        Column("run_id", "Run that published it.", "x.from_run"),
        Column("model", "Number of the match model that run used.", "u.model"),
        Column("decision_id", "Number of the correction that set it; null: none did.", f"{told} -x.winner end"),
    )
    inner = words.unfolded(_visible(entity.name, "golden"), _NOW, entity.attributes)
    body = f"""from (
    {inner}
) x
left join source_record s on s.record_id = x.winner
left join rule_in_force r on r.entity = {e} and r.attribute = x.attribute
    and r.from_run <= x.from_run and r.to_run > x.from_run
left join run_entity u on u.entity = {e} and u.run_id = x.from_run"""
    return Relation(
        f"{entity.name}_lineage", f"Where each golden value of {entity.name} comes from, and why it won.", columns, body
    )


def _queue(e: str, words: Words) -> Relation:
    named = "{0}.source || '/' || {0}.stream || ':' || {0}.source_key"
    columns = (
        Column("a", "One source record, written source/stream:key.", named.format("a")),
        Column("b", "The other source record.", named.format("b")),
        Column("weight", "Match weight: the base-2 logarithm of the odds that they are one.", "g.weight"),
        Column("probability", "The same as a probability.", "g.probability"),
        Column("reason", "Why a person is asked.", "g.reason"),
        Column("priority", "Higher is asked first.", "g.priority"),
        Column("since", "Since when it is open (UTC).", "u.published_at"),
    )
    body = f"""from ({words.likely(quoted(f"{e}_question"))}) g
join "release" p on p.entity = {literal(e)}
left join source_record a on a.record_id = g.a
left join source_record b on b.record_id = g.b
{_opened(e)}
where {_NOW}"""
    return Relation(f"{e}_queue", f"Open questions for stewards: are these two records one {e}?", columns, body)
