"""A product of a shop for electronics: what tells it is its model code, where the shop writes one."""

from mdm import Attribute, Entity, Key, compare, standard

product = Entity(
    name="product",
    about="A product as a shop offers it.",
    prefix="PRO",
    attributes=[
        Attribute("name", "Name, often with the model code.", standardise=standard.text, compare_as=standard.folded),
        Attribute("description", "Description.", standardise=standard.text, compare_as=standard.folded),
        Attribute("price", "Price.", standardise=standard.text),
    ],
    keys=[
        Key("name_words", of="name", by=standard.words(), rare=True),
        Key("name_letters", of="name", by=standard.trigrams, rare=True),
        Key("description_words", of="description", by=standard.words(), rare=True),
        Key("model", of="name", by=standard.codes_in),
    ],
    comparisons=[
        compare.likeness("name", "name_words", "name_letters"),
        compare.likeness("description", "description_words"),
        compare.shared("model", "model"),
        compare.same("price"),
    ],
    block=[["model"], ["name_words"]],
    fit="candidates",
)
