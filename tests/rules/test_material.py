"""Materials: strengths are numbers with units, levels and packs stay apart, codes keep all their readings."""

import pytest

BULK = {"name": "Velotinib", "level": "product"}


@pytest.fixture
def material(entities):
    return entities["material"]


@pytest.mark.parametrize(
    ("left", "right", "broken"),
    [
        ({"strength": "500 mg"}, {"strength": "0,5 g"}, set()),
        ({"strength": "500 mg"}, {"strength_value": "0.5", "strength_unit": "G"}, set()),
        ({"strength": "500 mg"}, {"strength_value": "250", "strength_unit": "mg"}, {"dose"}),
        ({"strength": "500 mg"}, {"strength": "250 MG"}, {"amounts", "dose"}),
        ({"strength": "500 mg; 125 mg"}, {"strength": "125mg/500mg"}, set()),
        ({"strength": "500 mg; 125 mg"}, {"strength": "500 mg; 62.5 mg"}, {"amounts"}),
        ({"strength": "as directed"}, {"strength": "500 mg"}, set()),
        ({"strength": "eq 20 mg velotinate; 5 mg"}, {"strength": "eq 20 mg velotinate; 10 mg"}, {"figures"}),
        ({"strength": "80 mg/4 ml"}, {"strength": "400 mg/20 ml (20 mg/ml)"}, {"content"}),
        ({"strength": "80 mg/4 ml"}, {"strength": "20 mg/ml"}, set()),
        ({"dose_form": "TAB"}, {"dose_form": "Tablet, film coated"}, set()),
        ({"dose_form": "TAB"}, {"dose_form": "TABLET, EXTENDED RELEASE;ORAL"}, {"form_group"}),
        ({"dose_form": "TAB"}, {"dose_form": "capsules"}, {"form_group"}),
        ({}, {"level": "package"}, {"level"}),
        ({"name": "Velotinib 5 mg tab, 30 per pack"}, {"name": "VELOTINIB 5MG TAB X30"}, set()),
        ({"name": "Velotinib 5 mg tab, 30 per pack"}, {"name": "VELOTINIB 5MG TAB 90CT"}, {"pack_size"}),
        ({"name": "Velotinib 5 mg for PRX-301"}, {"name": "VELOTINIB 5MG CLIN PRX-302"}, {"protocol"}),
        ({"authorisation": "000552"}, {"authorisation": "000553"}, {"authorisation"}),
        ({"authorisation": "552", "presentation": "001"}, {"authorisation": "552", "presentation": "002"}, {"presentation"}),
    ],
    ids=["unit", "number and text", "number differs", "text differs", "order", "second amount", "not understood", "figures",
         "two vials", "concentration", "coat",
         "release", "form", "level", "one pack", "two packs", "two studies", "two brands", "two presentations"],
)  # fmt: skip
def test_vetoes(material, parts, left, right, broken):
    assert parts(material, BULK | left, BULK | right) == broken


def test_a_strength_is_published_as_number_and_unit(material, published):
    rows = published(material, BULK | {"strength": "0,5 g"}, BULK | {"strength": "5 mg/ml"}, BULK | {"strength": "5mg;10mg"})

    assert rows["strength_value"].to_list() == [500.0, 5.0, None]
    assert rows["strength_unit"].to_list() == ["mg", "mg/ml", None]


def test_substances_are_a_set_and_the_salt_is_apart(material, compared):
    rows = compared(material, BULK | {"substances": "Velotinib mesylate; Amirol"}, BULK | {"substances": "amirol / VELOTINIB"})

    assert rows["substances"].to_list() == [["amirol", "velotinib (mesylate)"], ["amirol", "velotinib"]]
    assert rows["bases"].to_list() == [["amirol", "velotinib"]] * 2


def test_ten_bare_digits_keep_three_readings(material, compared):
    rows = compared(material, BULK | {"ndc": "9522201501"}, BULK | {"ndc": "95222-015-01"})

    bare, hyphened = rows["ndc_candidates"].to_list()
    assert len(bare) == 3
    assert set(hyphened) < set(bare)


def test_an_ndc_is_published_in_its_segments(material, published):
    (row,) = published(material, BULK | {"ndc": "95222-150-01"}).select("ndc", "ndc_labeler", "ndc_product", "ndc_package").rows()

    assert row == ("95222-0150-01", "95222", "0150", "01")


@pytest.mark.parametrize(
    ("attribute", "value", "rule"),
    [
        ("gtin", "00395222150012", "not a valid gtin"),
        ("cas", "50-78-3", "not a valid cas"),
        ("unii", "R16CO5Y76F", "not a valid unii"),
        ("ndc", "123", "not a National Drug Code"),
    ],
)
def test_a_bad_code_is_reported_and_the_record_goes_on(material, failures, attribute, value, rule):
    assert failures(material, BULK | {attribute: value}) == {(attribute, rule, False)}


def test_a_level_that_does_not_exist_is_quarantined(material, failures):
    assert failures(material, BULK | {"level": "batch"}) == {
        ("level", "not one of: substance, product, package, clinical_supply", True)
    }
