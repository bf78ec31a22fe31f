"""A person as an administrative register keeps one: names, address, birth date, social security number, all mistyped."""

from mdm import Attribute, Entity, Key, compare, standard

PLAIN = standard.folded

person = Entity(
    name="person",
    about="A person on a register; one row per person.",
    prefix="PER",
    attributes=[
        Attribute("given_name", "First given name.", standardise=standard.name, compare_as=PLAIN),
        Attribute("surname", "Family name.", standardise=standard.name, compare_as=PLAIN),
        Attribute("street_number", "Number in the street.", standardise=standard.digits),
        Attribute("address_1", "Street.", standardise=standard.address, compare_as=PLAIN),
        Attribute("address_2", "Building or property.", standardise=standard.address, compare_as=PLAIN),
        Attribute("suburb", "Suburb or town.", standardise=standard.name, compare_as=PLAIN),
        Attribute("postcode", "Postcode, four digits.", standardise=standard.digits),
        Attribute("state", "State.", standardise=standard.lower),
        # Kept as it is written: a slip may leave no calendar date, and still tells.
        Attribute("date_of_birth", "Birth date, eight digits.", standardise=standard.digits),
        Attribute("soc_sec_id", "Social security number, seven digits.", standardise=standard.digits),
    ],
    keys=[Key("surname_sound", of="surname", by=standard.phonetic), Key("given_initial", of="given_name", by=standard.initial)],
    comparisons=[
        compare.spelt("given_name", swapped_with="surname"),
        compare.spelt("surname", swapped_with="given_name"),
        compare.digits("date_of_birth"),
        compare.digits("soc_sec_id"),
        compare.spelt("address_1"),
        compare.spelt("address_2"),
        compare.spelt("suburb"),
        compare.digits("postcode"),
        compare.digits("street_number", slips=1),
        compare.same("state"),
    ],
    block=[
        ["soc_sec_id"],
        ["date_of_birth"],
        ["given_name", "surname"],
        ["address_1", "street_number"],
        ["surname_sound", "postcode"],
        ["surname_sound", "given_initial", "suburb"],
        ["given_name", "postcode"],
    ],
    train=[["soc_sec_id"], ["date_of_birth"]],
    # Several records of one person: a single wrong pair may not bridge two of them.
    linkage="average",
)
