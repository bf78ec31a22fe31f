"""SQL over one frame, by a DuckDB that is gone afterwards."""

import duckdb
import polars as pl


def queried(sql: str, given: pl.DataFrame) -> pl.DataFrame:
    """The answer of a query over one frame, named `given`, in its order."""
    with duckdb.connect(":memory:") as connection:
        connection.register("given", given)
        answer = pl.from_arrow(connection.sql(sql).to_arrow_table())
    assert isinstance(answer, pl.DataFrame)
    return answer
