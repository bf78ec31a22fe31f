"""A restaurant, as two guides describe it."""

from mdm import Attribute, Entity, Key, compare, standard

restaurant = Entity(
    name="restaurant",
    about="A restaurant at its address.",
    prefix="RES",
    attributes=[
        Attribute("name", "Name.", standardise=standard.text, compare_as=standard.folded),
        Attribute("addr", "Street and number.", standardise=standard.address, compare_as=standard.address_key),
        Attribute("city", "City.", standardise=standard.text, compare_as=standard.folded),
        Attribute("phone", "Telephone number.", standardise=standard.phone, compare_as=standard.phone_key),
        Attribute("type", "Kitchen.", standardise=standard.text, compare_as=standard.folded),
    ],
    keys=[
        Key("name_words", of="name", by=standard.words(), rare=True),
        Key("name_letters", of="name", by=standard.trigrams, rare=True),
        Key("house_number", of="addr", by=standard.house_number),
    ],
    comparisons=[
        compare.likeness("name", "name_words", "name_letters"),
        compare.spelt("addr"),
        compare.spelt("city"),
        compare.digits("phone", slips=1),
        compare.same("type"),
    ],
    block=[["phone"], ["name"], ["addr"], ["name_words", "city"], ["name_words", "house_number"]],
    fit="candidates",
)
