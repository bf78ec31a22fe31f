"""Small benches to block: no hub, no sources, just the records as machines see them."""

from collections.abc import Callable, Iterator

import polars as pl
import pytest

from mdm.bench import Bench
from mdm.entity import Attribute, Block, Entity, Identity, Key


@pytest.fixture
def entity() -> Callable[..., Entity]:
    """Makes an entity that blocks like this; with `joins`, its code joins."""
    return _entity


def _entity(*block: list[str] | Block, **changes) -> Entity:
    return Entity(
        name="thing", about="A thing.", prefix="THG",
        attributes=[
            Attribute("name", "Its name.", exposure="public"), Attribute("city", "Where it is.", exposure="public"),
            Attribute("born", "When it began.", exposure="sensitive"), Attribute("words", "What is said of it.", type=list),
            Attribute("serial", "A number like no other.", exposure="public"),
            Attribute("code", "What joins.", identifies=Identity(joins=True, parts=False) if changes.pop("joins", False) else None),
        ],
        keys=[Key("born_key", of="born")], block=block, **changes,
    )  # fmt: skip


@pytest.fixture
def bench_of() -> Iterator[Callable[..., Bench]]:
    """Makes a bench of columns; what is not given is empty. `streams` says where each record comes from."""
    made: list[Bench] = []

    def make(*, pairs: int | None = None, streams: list[str] | None = None, **columns: list) -> Bench:
        count = len(next(iter(columns.values())))
        bench = Bench(None, pairs=pairs)
        made.append(bench)
        empty = {n: pl.Series(n, [None] * count, pl.String) for n in ("name", "city", "born", "born_key", "serial", "code")}
        told = {n: pl.Series(n, v) for n, v in columns.items()}
        words = {"words": pl.Series("words", columns.get("words", [None] * count), pl.List(pl.String))}
        rows = pl.DataFrame({**empty, **told, **words}).with_row_index("record_id", offset=1).cast({"record_id": pl.Int64})
        bench.store("bench.compare", rows)
        where = pl.Series("stream", streams or ["things"] * count)
        bench.store("bench.record", rows.select("record_id", source=pl.lit("a")).with_columns(where))
        bench.execute("create temp table changed as select record_id from bench.compare")
        return bench

    yield make
    for bench in made:
        bench.close()
