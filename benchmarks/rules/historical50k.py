"""A person of history, from the fifteenth century to the twentieth, under several names and with uncertain dates."""

import splink.comparison_level_library as cll
import splink.comparison_library as cl

from mdm import Attribute, Entity, Key, compare, standard

PLAIN = standard.folded

# Where no postcode agrees, its area or its district may.
POSTCODE = cl.CustomComparison(
    output_column_name="postcode",
    comparison_levels=[
        cll.NullLevel("postcode_fake"),
        cll.ExactMatchLevel("postcode_fake"),
        cll.DamerauLevenshteinLevel("postcode_fake", 1),
        cll.ExactMatchLevel("district"),
        cll.CustomLevel("left(postcode_fake_l, 2) = left(postcode_fake_r, 2)", "same area"),
        cll.ElseLevel(),
    ],
)

figure = Entity(
    name="figure",
    about="A person of history; one row per person.",
    prefix="FIG",
    attributes=[
        Attribute("full_name", "All names and titles.", standardise=standard.text, compare_as=PLAIN),
        Attribute("first_and_surname", "First name and surname.", standardise=standard.text, compare_as=PLAIN),
        Attribute("first_name", "First name, or a title where it stands first.", standardise=standard.text, compare_as=PLAIN),
        Attribute("surname", "Surname.", standardise=standard.text, compare_as=PLAIN),
        Attribute("dob", "Birth date, year first.", standardise=standard.text, compare_as=standard.digits),
        Attribute("birth_place", "Where the person was born.", standardise=standard.text, compare_as=PLAIN),
        Attribute("postcode_fake", "Invented postcode of the place.", standardise=standard.lower, compare_as=standard.code),
        Attribute("gender", "Gender.", standardise=standard.lower),
        Attribute("occupation", "What the person is known for.", standardise=standard.text, compare_as=PLAIN),
    ],
    keys=[
        Key("names", of="full_name", by=standard.words(), rare=True),
        Key("letters", of="full_name", by=standard.trigrams, rare=True),
        Key("surname_sound", of="surname", by=standard.phonetic),
        Key("first_sound", of="first_name", by=standard.phonetic),
        Key("birth_year", of="dob", by=standard.prefix(4)),
        Key("district", of="postcode_fake", by=standard.prefix(3)),
    ],
    comparisons=[
        compare.likeness("name", "names", "letters"),
        compare.digits("dob"),
        compare.spelt("birth_place"),
        POSTCODE,
        compare.same("occupation"),
    ],
    block=[
        ["full_name"],
        ["first_and_surname"],
        ["surname", "dob"],
        ["first_name", "dob"],
        ["postcode_fake", "first_name"],
        ["postcode_fake", "surname"],
        ["postcode_fake", "dob"],
        ["birth_place", "dob"],
        ["district", "dob"],
        ["surname_sound", "district"],
        ["surname_sound", "first_sound", "birth_year"],
    ],
    fit="candidates",
    # Many records of one thing: a single wrong pair may not bridge two of them.
    linkage="average",
)
