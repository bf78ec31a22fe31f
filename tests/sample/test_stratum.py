import polars as pl
import pytest

from mdm import model
from mdm.sample import stratum
from mdm.testing.toy import thing

_PAIR = {"a": pl.Int64, "b": pl.Int64, "weight": pl.Float64, "by_identifier": pl.Boolean, "stands_for": pl.Float64}


def pairs(*weights, by_identifier=False):
    rows = [(i, i + 1, w, by_identifier, 1.0) for i, w in enumerate(weights)]
    return pl.DataFrame(rows, schema=_PAIR, orient="row")


@pytest.mark.parametrize(
    ("probability", "band"), [(0.9, "0.9 to 0.99"), (0.98, "0.9 to 0.99"), (0.99, "0.99 to 0.999"), (0.9999999, "from 0.999999")]
)
def test_a_join_is_in_the_band_of_its_score(probability, band):
    assert stratum.joined(thing, pairs(model.weight_of(probability)))["band"].to_list() == [band]


@pytest.mark.parametrize(
    ("probability", "band"),
    [(0.29, "0.1 to 0.3"), (0.05, "0.01 to 0.1"), (1e-9, "below 0.000001"), (0.3, "against a rule"), (0.95, "against a rule")],
)
def test_a_refusal_is_in_the_band_of_its_score(probability, band):
    assert stratum.refused(thing, pairs(model.weight_of(probability)))["band"].to_list() == [band]


def test_joins_that_no_score_decided_have_bands_of_their_own():
    assert stratum.joined(thing, pairs(None))["band"].to_list() == ["through other records"]
    assert stratum.joined(thing, pairs(40.0, by_identifier=True))["band"].to_list() == ["same identifier"]


def test_what_is_rare_is_one_stratum_of_its_band():
    records = pl.DataFrame({"record_id": range(202), "source": ["a"] * 200 + ["b", "c"]})
    many = stratum.sources(stratum.joined(thing, pairs(*[5.0] * 199, 5.0, 5.0)), records)

    found, numbered = stratum.strata(many)

    assert dict(found.select("sources", "population").iter_rows()) == {"a+a": 199, "other": 2}
    assert sorted(numbered["sources"].unique()) == ["a+a", "a+b", "b+c"]
    assert numbered["stratum"].null_count() == 0
