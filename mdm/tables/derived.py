"""The tables of an entity, derived from its declaration."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from mdm.entity import Attribute, Entity
from mdm.tables.column import NAMING, Big, Text, versioned

_SQL_TYPES = {str: sa.Text, int: sa.BigInteger, float: sa.Float, bool: sa.Boolean, date: sa.Date, list: sa.Text}


@dataclass(frozen=True)
class EntityTables:
    """The tables of one entity; all but none are versioned."""

    golden: sa.Table
    membership: sa.Table
    relation: sa.Table
    pair: sa.Table
    question: sa.Table
    quarantined: sa.Table
    children: dict[str, sa.Table]

    @property
    def versioned(self) -> list[sa.Table]:
        """Every table that carries from_run and to_run."""
        return [self.golden, self.membership, self.relation, self.pair, self.question, self.quarantined, *self.children.values()]


def entity_metadata(entities: Iterable[Entity]) -> sa.MetaData:
    """The derived tables of these entities."""
    meta = sa.MetaData(naming_convention=NAMING)
    for entity in entities:
        derived(entity, meta)
    return meta


def derived(entity: Entity, meta: sa.MetaData) -> EntityTables:
    """The tables that one declaration asks for, added to `meta`."""
    e = entity.name
    big, text, flag = Big, Text, sa.Boolean
    return EntityTables(
        golden=versioned(
            meta, f"{e}_golden", ["golden_id"],
            sa.Column("golden_id", text, nullable=False),
            *(_column(a) for a in entity.attributes),
            *(sa.Column(f"{link.name}_id", text) for link in entity.links),
            sa.Column("source_count", sa.Integer, nullable=False),
            sa.Column("created_run", sa.Integer, nullable=False),
            sa.Column("founder", big, nullable=False),
            sa.Column("sole", big),
            sa.Column("winners", text),
            sa.Column("digest", big, nullable=False),
        ),
        membership=versioned(
            meta, f"{e}_membership", ["record_id"],
            sa.Column("record_id", big, nullable=False, autoincrement=False),
            sa.Column("golden_id", text, nullable=False, index=True),
        ),
        relation=versioned(
            meta, f"{e}_relation", ["row_id"],
            sa.Column("row_id", big, nullable=False, autoincrement=False),
            sa.Column("golden_id", text, nullable=False, index=True),
            sa.Column("link", text, nullable=False), sa.Column("to_entity", text, nullable=False),
            sa.Column("to_id", text), sa.Column("role", text), sa.Column("valid_from", text), sa.Column("valid_to", text),
            sa.Column("number", text), sa.Column("study", text), sa.Column("is_primary", flag, nullable=False),
            sa.Column("record_id", big, nullable=False),
        ),
        pair=versioned(
            meta, f"{e}_pair", ["a", "b"],
            sa.Column("a", big, nullable=False, autoincrement=False),
            sa.Column("b", big, nullable=False, autoincrement=False, index=True),
            sa.Column("weight", sa.Float, nullable=False), sa.Column("rule", sa.Integer, nullable=False),
            sa.Column("model", sa.Integer, nullable=False),
        ),
        question=versioned(
            meta, f"{e}_question", ["a", "b"],
            sa.Column("a", big, nullable=False, autoincrement=False),
            sa.Column("b", big, nullable=False, autoincrement=False),
            sa.Column("weight", sa.Float, nullable=False), sa.Column("reason", text, nullable=False),
            sa.Column("priority", sa.Float, nullable=False),
        ),
        quarantined=versioned(
            meta, f"{e}_quarantined", ["record_id", "rule", "attribute"],
            sa.Column("record_id", big, nullable=False, autoincrement=False),
            sa.Column("rule", text, nullable=False), sa.Column("attribute", text, nullable=False),
            sa.Column("value", text), sa.Column("stale", flag, nullable=False),
        ),
        children={
            c.name: versioned(
                meta, f"{e}_child_{c.name}", ["row_id"],
                sa.Column("row_id", big, nullable=False, autoincrement=False),
                sa.Column("golden_id", text, nullable=False, index=True),
                *(_column(a) for a in c.attributes),
                sa.Column("record_id", big, nullable=False),
            )
            for c in entity.collections
        },
    )  # fmt: skip


def _column(attribute: Attribute) -> sa.Column:
    # An index per identifier: a reader's first question is "who has this number?".
    return sa.Column(attribute.name, _SQL_TYPES[attribute.type], index=bool(attribute.identity))
