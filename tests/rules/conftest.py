"""The shipped rules, and what they make of a few invented records."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from mdm import catalog, prepare
from mdm.entity import Entity

RULES = Path(__file__).parents[2] / "rules"
Row = dict[str, str]


@pytest.fixture(scope="session")
def entities() -> dict[str, Entity]:
    return catalog.entities(RULES)


@pytest.fixture(scope="session")
def published() -> Callable[..., pl.DataFrame]:
    """Records as people read them, numbered from zero."""

    def make(entity: Entity, *rows: Row) -> pl.DataFrame:
        columns = {a.name: [row.get(a.name) for row in rows] for a in entity.attributes}
        text = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
        return prepare.published(text.with_columns(record_id=pl.int_range(pl.len(), dtype=pl.Int64)), entity.attributes)

    return make


@pytest.fixture(scope="session")
def compared(published) -> Callable[..., pl.DataFrame]:
    """Records as machines compare them."""
    return lambda entity, *rows: prepare.compared(published(entity, *rows), entity)


@pytest.fixture(scope="session")
def failures(published) -> Callable[..., set[tuple[str, str, bool]]]:
    """What one record fails: attribute, rule, hard."""

    def make(entity: Entity, row: Row) -> set[tuple[str, str, bool]]:
        found = prepare.failures(published(entity, row), entity)
        return set(found.select("attribute", "rule", "hard").iter_rows())

    return make


@pytest.fixture(scope="session")
def parts(compared) -> Callable[..., set[str]]:
    """The vetoes that two records break."""

    def make(entity: Entity, left: Row, right: Row) -> set[str]:
        both = compared(entity, left, right)
        columns = [veto.column for veto in entity.veto]
        return {c for c in columns if both[c].drop_nulls().n_unique() > 1}

    return make
