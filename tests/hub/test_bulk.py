"""Bulk reads and writes: what goes in comes out, in either dialect."""

from collections.abc import Iterator
from datetime import date

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdm.hub import Hub

TABLE = sa.Table(
    "freight", sa.MetaData(),
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False), sa.Column("words", sa.Text), sa.Column("small", sa.Integer),
    sa.Column("size", sa.Float), sa.Column("ok", sa.Boolean), sa.Column("day", sa.Date),
)  # fmt: skip
SCHEMA = {"id": pl.Int64, "words": pl.String, "small": pl.Int64, "size": pl.Float64, "ok": pl.Boolean, "day": pl.Date}
AWKWARD = [
    None, "", " ", "null", "NULL", "\\N", "\\", '"', "'", '""', '"quoted"', "a,b", ";", "\t", "\n", "\r\n", "two\nlines", "ends in\n",
    "\\n", "-", "0", "007", "1e5", "true", "t", "nan", "%s", ":name", "{}", "[1]", "Ana López", "Zoë", "ß", "日本語", "😀", "\u202e",
    "e\u0301", "\u00a0", "\u2028", "x" * 70_000,
]  # fmt: skip
# PostgreSQL holds no NUL, and no text holds half a surrogate pair.
texts = (
    st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12) | st.sampled_from(AWKWARD)
)
rows = st.lists(
    st.tuples(
        texts,
        st.none() | st.integers(-(2**31), 2**31 - 1),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.booleans(),
        st.none() | st.dates(),
    ),
    max_size=6,
)


@pytest.fixture
def laden(hub_url: str) -> Iterator[Hub]:
    """A hub with one table of every type."""
    hub = Hub(hub_url)
    with hub.begin() as tx:
        TABLE.create(tx.connection)
    yield hub
    hub.dispose()


def through(hub: Hub, frame: pl.DataFrame) -> pl.DataFrame:
    """A frame written and read again."""
    with hub.begin() as tx:
        tx.execute(TABLE.delete())
        assert tx.insert(TABLE, frame) == frame.height
    with hub.read() as session:
        return session.frame(sa.select(TABLE).order_by(TABLE.c.id))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(said=rows)
def test_every_value_comes_back_as_it_went(laden: Hub, said: list[tuple]):
    frame = pl.DataFrame([(i, *row) for i, row in enumerate(said)], schema=SCHEMA, orient="row")

    found = through(laden, frame)

    assert found.schema == SCHEMA
    assert found.rows() == frame.rows()


def test_awkward_texts_come_back_as_they_went(laden: Hub):
    frame = pl.DataFrame({"id": range(len(AWKWARD)), "words": AWKWARD}, schema={"id": pl.Int64, "words": pl.String})

    found = through(laden, frame)

    assert found["words"].to_list() == AWKWARD


@pytest.mark.parametrize("words", AWKWARD[:6], ids=repr)
def test_a_column_of_nothing_but_one_text_comes_back(laden: Hub, words: str | None):
    with laden.begin() as tx:
        tx.insert(TABLE, pl.DataFrame({"id": [1, 2], "words": [words, words]}, schema={"id": pl.Int64, "words": pl.String}))

    with laden.read() as session:
        found = session.frame(sa.select(TABLE.c.words))

    assert found.to_dict(as_series=False) == {"words": [words, words]}


def test_large_numbers_and_old_days_come_back(laden: Hub):
    frame = pl.DataFrame(
        [
            (2**63 - 1, None, None, 1.7976931348623157e308, None, date(1, 1, 1)),
            (-(2**63), None, None, 5e-324, None, date(9999, 12, 31)),
        ],
        schema=SCHEMA,
        orient="row",
    )

    found = through(laden, frame)

    assert sorted(found.rows(), key=lambda r: -r[0]) == frame.rows()


def test_more_rows_than_a_chunk_come_back_once(laden: Hub):
    frame = pl.DataFrame({"id": pl.int_range(120_001, eager=True), "words": ["a\nb"] * 120_001})

    found = through(laden, frame)

    assert found["id"].to_list() == list(range(120_001))
    assert found["words"].unique().to_list() == ["a\nb"]


def test_nothing_comes_back_with_its_types(laden: Hub):
    found = through(laden, pl.DataFrame(schema=SCHEMA))

    assert (found.height, found.schema) == (0, SCHEMA)


def test_a_list_is_written_as_json_and_an_empty_one_as_nothing(laden: Hub):
    lists = [["red", 'a "quoted" one', "two\nlines", "日本語"], [], None]

    found = through(laden, pl.DataFrame({"id": [1, 2, 3], "words": lists}, schema={"id": pl.Int64, "words": pl.List(pl.String)}))

    assert [pl.Series([w]).str.json_decode(pl.List(pl.String))[0].to_list() if w else w for w in found["words"]] == [
        lists[0],
        None,
        None,
    ]


@pytest.mark.parametrize("asked", [[], [2], [1, 3, 99], list(range(40_000))], ids=["none", "one", "some", "many"])
def test_among_numbers(laden: Hub, asked: list[int]):
    through(laden, pl.DataFrame({"id": [1, 2, 3]}))

    with laden.read() as session:
        found = session.frame(sa.select(TABLE.c.id).where(session.among(TABLE.c.id, pl.Series(asked, dtype=pl.Int64))))

    assert sorted(found["id"]) == [i for i in (1, 2, 3) if i in asked]


@pytest.mark.parametrize("asked", [[], [""], ['"', "a,b", "missing"], ["{}", "\\", "%s"], ["Ana López", "日本語"]], ids=repr)
def test_among_texts(laden: Hub, asked: list[str]):
    known = ["", '"', "a,b", "{}", "\\", "%s", "Ana López", "日本語"]
    through(laden, pl.DataFrame({"id": range(len(known)), "words": known}, schema={"id": pl.Int64, "words": pl.String}))

    with laden.read() as session:
        found = session.frame(sa.select(TABLE.c.words).where(session.among(TABLE.c.words, asked)))

    assert sorted(found["words"]) == sorted(set(asked) & set(known))


def test_a_block_that_fails_leaves_nothing(laden: Hub):
    with pytest.raises(ZeroDivisionError), laden.begin() as tx:
        tx.insert(TABLE, pl.DataFrame({"id": [1]}))
        raise ZeroDivisionError

    with laden.read() as session:
        assert session.frame(sa.select(TABLE.c.id)).is_empty()


def test_a_reader_sees_one_moment(laden: Hub):
    through(laden, pl.DataFrame({"id": [1]}))

    with laden.read() as session:
        before = session.frame(sa.select(TABLE.c.id))["id"].to_list()
        with laden.begin() as tx:
            tx.insert(TABLE, pl.DataFrame({"id": [2]}))
        after = session.frame(sa.select(TABLE.c.id))["id"].to_list()

    assert before == after == [1]


def test_a_text_larger_than_a_block_comes_back(laden: Hub):
    words = "word, " * 6_000_000

    found = through(laden, pl.DataFrame({"id": [1, 2], "words": [words, "small"]}))

    assert found["words"].to_list() == [words, "small"]
