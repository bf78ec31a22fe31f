"""A place that cares for small children, as nine agencies list it: under its own name or the agency's."""

import splink.comparison_level_library as cll
import splink.comparison_library as cl

from mdm import Attribute, Entity, Key, compare, standard

# Two schools in one street are two schools.
ADDRESS = cl.CustomComparison(
    output_column_name="address",
    comparison_levels=[
        cll.NullLevel("address"),
        cll.ExactMatchLevel("address"),
        cll.ExactMatchLevel("premises"),
        cll.And(cll.ExactMatchLevel("house_number"), cll.JaroWinklerLevel("address", 0.85)),
        cll.ElseLevel(),
    ],
)

site = Entity(
    name="site",
    about="A school, centre or home for small children; one row per site.",
    prefix="SITE",
    attributes=[
        Attribute("site_name", "Name.", standardise=standard.org_name, compare_as=standard.org_key),
        Attribute("address", "Street and number.", standardise=standard.address, compare_as=standard.address_key),
        Attribute("zip", "Postcode.", standardise=standard.postcode, compare_as=standard.postcode_key),
        Attribute(
            "phone",
            "Telephone number; some lists leave the area code out.",
            standardise=standard.digits,
            compare_as=standard.suffix_of(7),
        ),
    ],
    keys=[
        Key("name_words", of="site_name", by=standard.words(), rare=True),
        Key("name_letters", of="site_name", by=standard.trigrams, rare=True),
        Key("premises", of="address", by=standard.premises),
        Key("house_number", of="address", by=standard.house_number),
    ],
    comparisons=[
        compare.likeness("name", "name_words", "name_letters"),
        ADDRESS,
        compare.digits("phone", slips=1),
        compare.same("zip"),
    ],
    block=[["phone"], ["address"], ["premises"], ["site_name"], ["house_number", "name_words"], ["zip", "name_words"]],
    fit="candidates",
    # Many records of one thing: a single wrong pair may not bridge two of them.
    linkage="average",
)
