"""The people that benchmarks run on: the same for a seed, with truth, and as uneven as names and practices are."""

import importlib.util
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from mdm import settings
from mdm.demo import noise

FILE = Path(__file__).parents[2] / "benchmarks" / "generate.py"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_generate", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def people(generator: ModuleType) -> pl.DataFrame:
    return generator.hcps(20_000)


def test_the_same_seed_makes_the_same_people(generator: ModuleType, people: pl.DataFrame) -> None:
    assert people.equals(generator.hcps(20_000))
    assert not people.equals(generator.hcps(20_000, seed=8))


def test_a_fifth_are_copies_in_four_sources(people: pl.DataFrame) -> None:
    assert people["cluster"].n_unique() == 16_000
    assert people.group_by("source").len()["len"].min() > 4_500
    assert people.select(pl.struct("source", "source_key").is_unique().all()).item()


def test_every_npi_is_valid_and_one_source_has_none(people: pl.DataFrame) -> None:
    npis = people["npi"].drop_nulls()

    assert all(noise.luhn_digit(npi[:-1], 24) == npi[-1] and npi[0] == "2" for npi in npis)
    assert people.filter(pl.col("source") == "edc")["npi"].is_null().all()
    assert 0.35 < people.filter(pl.col("source") != "edc")["npi"].is_null().mean() < 0.45


def test_names_are_skewed_and_colleagues_share_address_and_telephone(people: pl.DataFrame) -> None:
    families = people["family_name"].value_counts(sort=True)["count"]
    phones = people.drop_nulls("phone").group_by("phone").agg(pl.col("cluster").n_unique())

    assert families[0] > 20 * families.median()
    assert families[0] < 0.03 * len(people)
    assert (phones["cluster"] > 2).sum() > 500


def test_copies_differ_from_their_originals_but_not_too_much(people: pl.DataFrame) -> None:
    twins = (
        people.group_by("cluster").agg(pl.len(), pl.col("family_name").n_unique().alias("families")).filter(pl.col("len") == 2)
    )

    assert 0.05 < (twins["families"] > 1).mean() < 0.25


def test_a_batch_of_changes_keeps_keys_and_truth(generator: ModuleType, people: pl.DataFrame) -> None:
    changed = generator.changed(people, 200)

    both = changed.join(people, on=["source", "source_key", "cluster"], suffix="_before")
    differs = pl.any_horizontal(pl.col(c).ne_missing(pl.col(f"{c}_before")) for c in ("email", "phone", "family_name"))
    assert len(both) == 200
    assert both.select(differs.mean()).item() > 0.95


def test_what_is_written_can_be_read_back(generator: ModuleType, people: pl.DataFrame, tmp_path: Path) -> None:
    generator.write(tmp_path, people)
    generator.write_truth(tmp_path, people)

    rows = sum(len(pl.read_csv(f, infer_schema=False)) for f in tmp_path.glob("*/people.csv"))
    truth = pl.read_csv(tmp_path / "truth.csv", infer_schema=False)
    assert rows == len(truth) == len(people)
    assert truth.columns == ["cluster", "source", "stream", "source_key"]


def test_the_settings_beside_them_read_every_source(generator: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "mdm.toml").write_text(generator.settings(), encoding="utf-8")

    read = settings.load(tmp_path / "mdm.toml")

    assert set(read.sources) == {"crm", "vault", "register", "edc"}
    assert {m.entity for s in read.sources.values() for m in s.stream("people").maps} == {"hcp"}
