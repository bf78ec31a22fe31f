"""The ground itself: both dialects give an empty database of their own to every test."""

import pytest
import sqlalchemy as sa


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_gets_an_empty_database(hub_url, turn):
    engine = sa.create_engine(hub_url)

    with engine.begin() as tx:
        before = sa.inspect(tx).get_table_names()
        tx.execute(sa.text("create table mark (id integer)"))

    assert before == []
    engine.dispose()
