"""Software, as two shops offer it: versions and editions are different products."""

from mdm import Attribute, Entity, Key, compare, standard

software = Entity(
    name="software",
    about="A software product in one version and edition.",
    prefix="SOF",
    attributes=[
        Attribute("title", "Title.", standardise=standard.text, compare_as=standard.folded),
        Attribute("description", "Description.", standardise=standard.text, compare_as=standard.folded),
        Attribute("manufacturer", "Maker.", standardise=standard.text, compare_as=standard.folded),
        Attribute("price", "Price.", standardise=standard.text),
    ],
    keys=[
        Key("title_words", of="title", by=standard.words(), rare=True),
        Key("title_letters", of="title", by=standard.trigrams, rare=True),
        Key("title_numbers", of="title", by=standard.numbers_in),
        Key("description_words", of="description", by=standard.words(), rare=True),
    ],
    comparisons=[
        compare.likeness("title", "title_words", "title_letters"),
        compare.likeness("description", "description_words"),
        compare.shared("version", "title_numbers", same=True),
        compare.spelt("manufacturer"),
        compare.same("price"),
    ],
    block=[["title"], ["title_words"]],
    fit="candidates",
)
