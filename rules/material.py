"""The material: one golden record per substance, product, package or clinical supply."""

import splink.comparison_level_library as cll  # noqa: I001 (the long list stays on one line)
import splink.comparison_library as cl

from mdm import (
    Attribute, Collection, Entity, Identity, Key, Link, Veto, checks, hard, identifiers, standard, survivorship, with_compatible,
)  # fmt: skip

# A product's code has two segments, a package's three; unhyphenated digits are a package's.
NDC = r"\d{5,6}-\d{4}(?:-\d{2})?|\d{10}|\d{12}"

# What the authority approved, then what is bought and stored, then what a study says.
IDENTITY = survivorship.by_role("regulatory", "register", "master", "erp", "irt", "ctms", "crm", "file")
# What is bought and stored: the ERP orders by it every day.
SUPPLY = survivorship.by_role("erp", "regulatory", "master", "irt", "file")

LEVELS = ("substance", "product", "package", "clinical_supply")
STATUSES = ("active", "inactive", "withdrawn", "discontinued", "pending", "closed", "expired")
# Coldest first: a material kept too cold is rarely a danger, one kept too warm often is.
STORAGES = ("-80 c", "-70 c", "-20 c", "frozen", "2-8 c", "refrigerated", "8-15 c", "15-25 c", "15-30 c", "room temperature")

# Words of a description that say what kind of thing it is, not which.
GENERIC = (
    "api and ampoule bottle box bulk cap caps capsule carton case clin clinical comparator cream ct drug each film for forte "
    "inj injection kit liquid mcg mg ml oral pack package pcs per piece placebo powder product soln solution study supply "
    "susp suspension tab tablet tabs the unit usp vial with x".split()
)

supply = standard.supply
# Amounts and packs in a name are compared as numbers elsewhere.
name_words = supply.without_amounts.then(supply.without_salts).then(standard.words(without=GENERIC))

# Levels are made in one proportion everywhere: that two records are both substances says more than both being packages.
LEVEL = cl.ExactMatch("level").configure(
    term_frequency_adjustments=True, m_probabilities=[0.999, 0.001], u_probabilities=[0.33, 0.67]
)


def _generic(side: str) -> str:
    """SQL: the name of this side is that of its substances, so that it tells no brand."""
    return f"list_has_all(string_split(array_to_string(bases_{side}, ' '), ' '), name_words_{side})"


# One writes the brand, the other the substance: that is no contradiction, and no agreement either.
NO_NAME = (
    f"name_l is null or name_r is null or (({_generic('l')} or {_generic('r')}) and not list_has_any(name_words_l, name_words_r))"
)

NAME = cl.CustomComparison(
    output_column_name="name",
    comparison_levels=[
        cll.CustomLevel(NO_NAME, "a brand beside the name of the substance, or no name").configure(is_null_level=True),
        cll.ExactMatchLevel("name", term_frequency_adjustments=True),
        cll.ExactMatchLevel("name_sorted").configure(label_for_charts="the same words in another order"),
        cll.ExactMatchLevel("name_words").configure(label_for_charts="the same distinctive words"),
        cll.ArraySubsetLevel("name_words").configure(label_for_charts="distinctive words of one name all in the other"),
        cll.ArrayIntersectLevel("name_words", 2).configure(label_for_charts="two distinctive words in common"),
        cll.ArrayIntersectLevel("name_words", 1).configure(label_for_charts="one distinctive word in common"),
        cll.ElseLevel(),
    ],
).configure(
    m_probabilities=[0.25, 0.06, 0.37, 0.12, 0.04, 0.08, 0.08],
    u_probabilities=[0.001, 0.0002, 0.004, 0.003, 0.001, 0.01, 0.9808],
)

# The salt is often left out, so the same bases are nearly the same set.
SUBSTANCES = cl.CustomComparison(
    output_column_name="substances",
    comparison_levels=[
        cll.NullLevel("substances"),
        cll.ExactMatchLevel("substances"),
        cll.ExactMatchLevel("bases").configure(label_for_charts="the same substances without their salts"),
        cll.ArraySubsetLevel("substances"),
        cll.ArrayIntersectLevel("substances", 1),
        cll.ElseLevel(),
    ],
).configure(m_probabilities=[0.75, 0.18, 0.02, 0.02, 0.03], u_probabilities=[0.006, 0.004, 0.002, 0.003, 0.985])

# A salt and its base are two substances, unless both are said to be the same salt in full.
SALT = cl.CustomComparison(
    output_column_name="salt",
    comparison_levels=[
        cll.NullLevel("salt"),
        cll.ExactMatchLevel("salt"),
        cll.CustomLevel("substances_l = substances_r and substances_l <> bases_l", "a salt left out of the name").configure(
            fix_m_probability=True, fix_u_probability=True
        ),
        cll.ElseLevel().configure(label_for_charts="another salt", fix_m_probability=True, fix_u_probability=True),
    ],
).configure(m_probabilities=[0.93, 0.06, 0.01], u_probabilities=[0.3, 0.06, 0.64])

# Of several substances there is no one dose, but amounts.
DOSE = cl.CustomComparison(
    output_column_name="dose",
    comparison_levels=[
        cll.And(cll.NullLevel("dose"), cll.NullLevel("amounts"), cll.NullLevel("figures")),
        cll.Or(cll.CustomLevel("content_l <> content_r"), cll.CustomLevel("figures_l <> figures_r")).configure(
            label_for_charts="another amount in the container", fix_m_probability=True, fix_u_probability=True
        ),
        cll.Or(cll.ExactMatchLevel("dose"), cll.ExactMatchLevel("amounts"), cll.ExactMatchLevel("figures")).configure(
            label_for_charts="the same strength"
        ),
        cll.ElseLevel(),
    ],
).configure(m_probabilities=[0.005, 0.965, 0.03], u_probabilities=[0.3, 0.08, 0.62])
FORM = cl.CustomComparison(
    output_column_name="dose_form",
    comparison_levels=[
        cll.NullLevel("dose_form"), cll.ExactMatchLevel("dose_form"), cll.ExactMatchLevel("form_group"), cll.ElseLevel(),
    ],
).configure(m_probabilities=[0.68, 0.28, 0.04], u_probabilities=[0.2, 0.1, 0.7])
ROUTE = cl.ExactMatch("route").configure(m_probabilities=[0.9, 0.1], u_probabilities=[0.4, 0.6])
# Sources know of different strictness, so that a difference says little.
STORAGE = cl.ExactMatch("storage").configure(m_probabilities=[0.9, 0.1], u_probabilities=[0.35, 0.65])

MANUFACTURER = cl.CustomComparison(
    output_column_name="manufacturer",
    comparison_levels=[
        cll.NullLevel("manufacturer"),
        cll.ExactMatchLevel("manufacturer"),
        cll.ArraySubsetLevel("manufacturer_words").configure(label_for_charts="words of one name all in the other"),
        cll.JaroWinklerLevel("manufacturer", 0.92),
        cll.ElseLevel(),
    ],
).configure(m_probabilities=[0.7, 0.2, 0.07, 0.03], u_probabilities=[0.03, 0.01, 0.01, 0.95])

# Another authorisation, or another presentation in it, is another product. One authorisation covers several strengths and
# forms, so that sharing it says little.
AUTHORISATION = cl.CustomComparison(
    output_column_name="authorisation",
    comparison_levels=[
        cll.NullLevel("authorisation"),
        cll.And(cll.ExactMatchLevel("authorisation"), cll.CustomLevel("presentation_l <> presentation_r")).configure(
            label_for_charts="another presentation in the same authorisation", fix_m_probability=True, fix_u_probability=True
        ),
        cll.ExactMatchLevel("authorisation").configure(fix_m_probability=True, fix_u_probability=True),
        cll.ElseLevel().configure(fix_m_probability=True, fix_u_probability=True),
    ],
).configure(m_probabilities=[0.0005, 0.999, 0.0005], u_probabilities=[0.25, 0.5, 0.25])

# A different count, or another study, is another thing (see the vetoes); the same one is a witness as well.
PACK_SIZE = cl.ExactMatch("pack_size").configure(m_probabilities=[0.995, 0.005], u_probabilities=[0.15, 0.85])
PROTOCOL = cl.ExactMatch("protocol").configure(m_probabilities=[0.995, 0.005], u_probabilities=[0.17, 0.83])

PART_NUMBER = cl.ExactMatch("part_number").configure(m_probabilities=[0.97, 0.03], u_probabilities=[0.0005, 0.9995])

# Ten bare digits are three possible codes, each of which may be the one. A product's code is compared with a product's.
NO_CODES = (
    "(gtin_l is null or gtin_r is null) and (ndc_candidates_l is null or ndc_candidates_r is null)"
    " and (ndc_l is null or ndc_r is null or ndc_package_l is not null or ndc_package_r is not null)"
)
PACKAGE_CODE = cl.CustomComparison(
    output_column_name="package_code",
    comparison_levels=[
        cll.CustomLevel(NO_CODES, "no codes to compare").configure(is_null_level=True),
        cll.Or(cll.ExactMatchLevel("gtin"), cll.ArrayIntersectLevel("ndc_candidates", 1), cll.ExactMatchLevel("ndc")).configure(
            label_for_charts="a package code in common", fix_u_probability=True
        ),
        cll.ElseLevel(),
    ],
).configure(m_probabilities=[0.95, 0.05], u_probabilities=[0.0002, 0.9998])

# A code of the substance says nothing of the product made from it.
SUBSTANCE_CODE = cl.CustomComparison(
    output_column_name="substance_code",
    comparison_levels=[
        cll.And(cll.NullLevel("unii"), cll.NullLevel("cas")),
        cll.Or(cll.ExactMatchLevel("unii"), cll.ExactMatchLevel("cas")).configure(label_for_charts="a substance code in common"),
        cll.ElseLevel(),
    ],
).configure(m_probabilities=[0.97, 0.03], u_probabilities=[0.003, 0.997])

material = Entity(
    name="material",
    about="A substance, a product, a package or a clinical supply; one row per thing and level.",
    prefix="MAT",
    label="Material",
    attributes=[
        Attribute(
            "name", "Name or short description.", standardise=standard.text, required=True, checks=[hard(checks.has_letters())],
            compare_as=standard.folded, survive=IDENTITY, exposure="public",
        ),
        Attribute("description", "In full.", standardise=standard.text, survive=survivorship.longest, exposure="public"),
        Attribute(
            "level", "What the record is: substance, product, package or clinical_supply; levels never merge.",
            standardise=standard.lower, checks=[hard(checks.one_of(*LEVELS))], survive=IDENTITY, exposure="public",
        ),
        Attribute(
            "substances", "Active substances with their salts, as a set.", type=list, standardise=supply.substance_set,
            compare_as=standard.each(standard.substance_key), survive=IDENTITY, exposure="public",
        ),
        Attribute(
            "strength", "Strength as written; of several substances, in the order of the source.", standardise=standard.text,
            survive=IDENTITY, group="strength", exposure="public",
        ),
        Attribute(
            "strength_value", "Strength as a number, where one number is the strength.", type=float, standardise=standard.number,
            checks=[checks.between(0, 1e9)], survive=IDENTITY, group="strength",
            derive=("strength", supply.single.then(standard.strength_value)), exposure="public",
        ),
        Attribute(
            "strength_unit", "Unit of the number: mg, mg/ml.", standardise=standard.lower, survive=IDENTITY, group="strength",
            derive=("strength", supply.single.then(standard.strength_unit)), exposure="public",
        ),
        Attribute(
            "dose_form", "Dose form, noun first, such as tablet film-coated.", standardise=standard.dose_form, survive=IDENTITY,
            exposure="public",
        ),
        Attribute(
            "route", "Routes of administration, comma between them.", standardise=standard.route, survive=IDENTITY,
            exposure="public",
        ),
        Attribute(
            "pack_size", "Units in the package; taken from the name where no source states it.", type=int,
            standardise=standard.integer, checks=[checks.between(1, 100_000)], survive=SUPPLY, derive=("name", supply.pack_size),
            exposure="public",
        ),
        Attribute(
            "protocol", "Study that a clinical supply is made for; taken from the name where no source states it.",
            standardise=standard.upper, compare_as=standard.code, survive=IDENTITY, derive=("name", supply.protocol),
        ),
        Attribute(
            "manufacturer", "Manufacturer, or holder of the authorisation.", standardise=standard.org_name,
            compare_as=standard.org_key, survive=IDENTITY, exposure="public",
        ),
        Attribute(
            "part_number", "The manufacturer's number.", standardise=standard.text, compare_as=standard.code, survive=SUPPLY,
        ),
        Attribute(
            "authorisation", "Marketing authorisation or application number.", standardise=standard.text,
            compare_as=standard.code, survive=IDENTITY, group="authorisation", exposure="public",
        ),
        Attribute(
            "presentation", "Number of the product or presentation within its authorisation.", standardise=standard.text,
            compare_as=standard.code, survive=IDENTITY, group="authorisation", exposure="public",
        ),
        Attribute(
            "gtin", "Global Trade Item Number, fourteen digits.", standardise=identifiers.gtin.normal,
            checks=[checks.valid(identifiers.gtin)], identifies=with_compatible("level"), survive=SUPPLY, exposure="public",
            label="GTIN",
        ),
        Attribute(
            "ndc", "National Drug Code, segments of 5-4-2 digits (6-4-2 from 2033); ten bare digits stay as they are.",
            standardise=standard.ndc, checks=[checks.matches(NDC, error="not a National Drug Code")],
            survive=IDENTITY, group="ndc",
            # Ten bare digits differ from each of their readings, so a difference parts nothing.
            identifies=with_compatible("level", parts=False), exposure="public", label="NDC",
        ),
        Attribute(
            "ndc_labeler", "First segment of the NDC: who labels it.", standardise=standard.text, survive=IDENTITY, group="ndc",
            derive=("ndc", supply.ndc_segments[0]), exposure="public", label="NDC labeler",
        ),
        Attribute(
            "ndc_product", "Second segment of the NDC: the product.", standardise=standard.text, survive=IDENTITY, group="ndc",
            derive=("ndc", supply.ndc_segments[1]), exposure="public", label="NDC product",
        ),
        Attribute(
            "ndc_package", "Third segment of the NDC: the package.", standardise=standard.text, survive=IDENTITY, group="ndc",
            derive=("ndc", supply.ndc_segments[2]), exposure="public", label="NDC package",
        ),
        Attribute(
            "unii", "Unique Ingredient Identifier of the substance, ten characters.", standardise=identifiers.unii.normal,
            # Equal in every product of the substance: different and valid parts, equal proves the substance only.
            checks=[checks.valid(identifiers.unii)], identifies=Identity(joins=False), survive=IDENTITY, exposure="public",
            label="UNII",
        ),
        Attribute(
            "cas", "CAS Registry Number of the substance.", standardise=identifiers.cas.normal,
            checks=[checks.valid(identifiers.cas)], survive=IDENTITY, exposure="public", label="CAS",
        ),
        Attribute(
            "storage", "Storage condition.", standardise=standard.text,
            # Never the newest: a warehouse keeps to the strictest it was told.
            survive=survivorship.most_restrictive(*STORAGES, roles=("regulatory", "master", "erp")), exposure="public",
        ),
        Attribute(
            "status", "Whether the material is in use: active, inactive, withdrawn, discontinued or pending.",
            standardise=standard.status, checks=[checks.one_of(*STATUSES)], survive=IDENTITY, exposure="public",
        ),
    ],
    collections=[
        Collection(
            "identifier", "A further identifier, such as a GSRS, EMA, ATC or ERP number.", key=("scheme", "value"),
            attributes=[
                Attribute("scheme", "Who issued it.", standardise=standard.lower, required=True, exposure="public"),
                Attribute("value", "The identifier.", standardise=standard.text, required=True, exposure="public"),
            ],
        ),
    ],
    links=[Link("made_of", to="material", about="What it is made of: a package of a product, a product of its substances.")],
    keys=[
        Key("name_sorted", of="name", by=standard.tokens_sorted),
        Key("name_words", of="name", by=name_words),
        Key("salt", of=("level", "name"), by=supply.salt),
        Key("bases", of="substances", by=standard.each(supply.base)),
        Key("amounts", of="strength", by=standard.strength.then(supply.understood)),
        Key("figures", of="strength", by=standard.strength.then(supply.figures)),
        Key("content", of="strength", by=standard.strength_content),
        Key("dose", of=("strength_value", "strength_unit"), by=standard.strength.then(supply.understood)),
        Key("form_group", of="dose_form", by=supply.form_group),
        Key("manufacturer_words", of="manufacturer", by=standard.words()),
        Key("ndc_code", of="ndc", by=supply.ndc_code),
        Key("ndc_candidates", of="ndc", by=standard.ndc_candidates),
    ],
    comparisons=[
        LEVEL, NAME, SUBSTANCES, SALT, DOSE, FORM, ROUTE, STORAGE, PACK_SIZE, PROTOCOL, MANUFACTURER, AUTHORISATION,
        PART_NUMBER, PACKAGE_CODE, SUBSTANCE_CODE,
    ],
    block=[
        ["gtin"],
        ["ndc_candidates"],
        ["unii"],
        ["cas"],
        ["part_number"],
        ["name_sorted"],
        # A source that does not say the level is found by codes and by the whole name only.
        ["level", "bases", "dose"],
        ["level", "name_words", "dose"],
        ["level", "bases", "manufacturer_words"],
    ],
    train=[["gtin"], ["ndc"], ["part_number"]],
    veto=[
        Veto("level", "A substance, its product, its package and a clinical supply are linked, never merged."),
        Veto("amounts", "Different strengths are different materials."),
        Veto("figures", "Different strengths are different materials, also where only their figures are understood."),
        Veto("content", "80 mg in 4 ml and 400 mg in 20 ml are two vials of one concentration."),
        Veto("dose", "Different strengths are different materials, however they were delivered."),
        Veto("form_group", "Different dose forms are different materials."),
        Veto("pack_size", "Different packs are different packages."),
        Veto("protocol", "Supplies of different studies are kept apart, whatever is in them."),
        Veto("authorisation", "Two brands of one generic are two products."),
        Veto("ndc_code", "Different labelers or products of the National Drug Code are different products."),
        Veto("presentation", "What the authority numbers apart are two products."),
    ],
    accept=0.99,
    review=0.60,
    matches_per_record=1.0,
)
