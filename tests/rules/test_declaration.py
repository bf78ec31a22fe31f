"""What the shipped declarations promise to the machinery that reads them."""

import duckdb
import polars as pl
import pytest
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from mdm import prepare, survivorship

NAMES = ("hcp", "site", "material")
ROLES = {"register", "regulatory", "master", "ctms", "erp", "crm", "edc", "irt", "file"}


def test_there_are_three_entities(entities):
    assert set(entities) == set(NAMES)


def test_a_person_practises_at_a_site_and_a_site_belongs_to_one(entities):
    assert [(link.name, link.to) for link in entities["hcp"].links] == [("site", "site")]
    assert [(link.name, link.to) for link in entities["site"].links] == [("parent", "site")]


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("hcp", {"birth_date", "suffix"}),
        ("site", {"kind", "unit"}),
        ("material", {"level", "amounts", "dose", "form_group", "pack_size"}),
    ],
)
def test_what_may_not_be_joined_by_a_machine(entities, name, columns):
    assert columns <= {veto.column for veto in entities[name].veto}


@pytest.mark.parametrize("name", NAMES)
def test_every_attribute_is_told_in_a_sentence(entities, name):
    entity = entities[name]
    told = list(entity.attributes) + [a for c in entity.collections for a in c.attributes]

    assert [a.name for a in told if not a.about.endswith(".") or not a.about[0].isupper()] == []


@pytest.mark.parametrize("name", NAMES)
def test_survivorship_ranks_roles_and_no_source(entities, name):
    rules = [a.rule for a in entities[name].attributes]

    assert {role for rule in rules for role in rule.roles} <= ROLES
    assert all(isinstance(rule, survivorship.Rule) for rule in rules)


@pytest.mark.parametrize("name", NAMES)
def test_declared_weights_are_whole_probabilities(entities, name):
    for comparison in _settings(entities[name])["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        for kind in ("m_probability", "u_probability"):
            values = [level.get(kind) for level in levels]

            assert None not in values, f"{comparison['output_column_name']}: a level has no {kind} to fall back on"
            assert sum(values) == pytest.approx(1, abs=0.002), comparison["output_column_name"]


@pytest.mark.parametrize("name", NAMES)
def test_a_record_alone_is_prepared_as_among_many(entities, name):
    entity, odd = entities[name], {a.name: "Dr. 12/02 X" for a in entities[name].attributes}
    rows = [*ROWS[name], odd, *({**row, **dict.fromkeys(list(row)[::2])} for row in ROWS[name])]
    columns = {a.name: [row.get(a.name) for row in rows] for a in entity.attributes}
    text = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    few = text.with_columns(record_id=pl.int_range(pl.len(), dtype=pl.Int64))
    many = pl.concat([text] * 80).with_columns(record_id=pl.int_range(pl.len(), dtype=pl.Int64))

    alone, among = (prepare.published(frame, entity.attributes) for frame in (few, many))

    assert alone.equals(among.head(alone.height))
    assert prepare.compared(alone, entity).equals(prepare.compared(among, entity).head(alone.height))
    order = ["record_id", "attribute", "rule"]
    failed = prepare.failures(among, entity).filter(pl.col("record_id") < alone.height)
    assert prepare.failures(alone, entity).sort(order).equals(failed.sort(order))


@pytest.mark.parametrize("name", NAMES)
def test_the_comparisons_run_and_are_the_same_from_both_sides(entities, compared, name):
    entity = entities[name]
    rows = compared(entity, *ROWS[name])

    there = _gammas(entity, rows)
    back = _gammas(entity, rows.with_columns(record_id=1 - rows["record_id"]))

    assert there
    assert there == back


@pytest.mark.parametrize("name", NAMES)
def test_spark_understands_the_comparisons(entities, name):
    for comparison in entities[name].comparisons:
        assert comparison.create_comparison_dict("spark")["comparison_levels"]


def test_only_identifiers_that_are_one_to_one_part(entities):
    parting = {(e.name, a.name) for e in entities.values() for a in e.identifiers if a.identity.parts}

    assert parting == {("hcp", "npi"), ("hcp", "orcid"), ("site", "ror"), ("material", "gtin"), ("material", "unii")}


def _settings(entity):
    creator = SettingsCreator(
        link_type="dedupe_only", unique_id_column_name="record_id", comparisons=list(entity.comparisons),
        blocking_rules_to_generate_predictions=[block_on("record_id")],
    )  # fmt: skip
    return creator.create_settings_dict("duckdb")


def _gammas(entity, rows):
    """The level that Splink finds for the pair, per comparison."""
    connection = duckdb.connect()
    connection.register("incoming", rows.to_arrow())
    connection.execute("create table pair as select * from incoming")
    settings = _settings(entity) | {"retain_intermediate_calculation_columns": True}
    settings["blocking_rules_to_generate_predictions"] = [{"blocking_rule": "1=1", "sql_dialect": "duckdb"}]
    linker = Linker(DuckDBAPI(connection).register("pair"), settings, log_level=50)
    (pair,) = linker.inference.predict(threshold_match_probability=0, warning_mode="never").as_pyarrow_table().to_pylist()
    return {key: value for key, value in pair.items() if key.startswith("gamma_")}


ROWS = {
    "hcp": (
        {"given_name": "Ana María", "middle_name": "L.", "family_name": "Lorente Peñalver", "npi": "2100000001",
         "email": "ana@site.example", "phone": "513-555-0100", "address": "12 Elm Street", "city": "Larkmoor",
         "postcode": "45211", "specialty": "Cardiology", "gender": "F", "birth_date": "1970-03-02"},
        {"given_name": "Lorente", "middle_name": "Luisa", "family_name": "Ana", "npi": "2100000019",
         "email": "ana@site.example", "phone": "513-555-0199", "address": "12 Elm St", "city": "Larkmoor",
         "postcode": "45211-0001", "specialty": "Oncology", "gender": "M", "birth_date": "1970-03-12"},
    ),
    "site": (
        {"name": "Saint Maren Hospital", "address": "12-14 Elm Street", "city": "Larkmoor", "phone": "513-555-0100",
         "fei": "3900000001", "web": "www.maren.example", "other_names": "Maren General|Old Maren"},
        {"name": "St. Maren Hosp., Larkmoor", "address": "12 Elm St", "postcode": "45211", "phone": "513-555-0101",
         "fei": "3900000001", "web": "https://maren.example/"},
    ),
    "material": (
        {"name": "Velotinib 0.5 g tablet", "substances": "velotinib mesylate", "strength": "0,5 g", "dose_form": "TAB",
         "route": "oral", "manufacturer": "Corvane GmbH", "ndc": "9522201501", "cas": "50-00-0", "part_number": "VE 7001"},
        {"name": "TABLET, VELOTINIB 500MG", "substances": "Velotinib", "strength_value": "500", "strength_unit": "mg",
         "dose_form": "TABLET, FILM COATED", "route": "ORAL", "manufacturer": "CORVANE", "ndc": "95222-0150-01",
         "part_number": "VE-7001"},
    ),
}  # fmt: skip
