"""A recording, as five collections of music list it: titles with the artist in them, lengths in several units."""

from mdm import Attribute, Entity, Key, compare, standard

recording = Entity(
    name="recording",
    about="A recording on an album.",
    prefix="REC",
    attributes=[
        Attribute("number", "Number on the album.", standardise=standard.digits),
        Attribute("title", "Title.", standardise=standard.text, compare_as=standard.folded),
        Attribute("length", "Length, in whatever unit.", standardise=standard.text),
        Attribute("artist", "Artist.", standardise=standard.text, compare_as=standard.known),
        Attribute("album", "Album.", standardise=standard.text, compare_as=standard.known),
        Attribute("year", "Year, in two digits or four.", standardise=standard.digits, compare_as=standard.suffix_of(2)),
        Attribute("language", "Language, in full or abbreviated.", standardise=standard.lower, compare_as=standard.prefix(2)),
    ],
    keys=[
        # Some collections write artist or album into the title.
        Key("everything", of=("title", "artist", "album"), by=standard.words(), rare=True),
        Key("everything_letters", of=("title", "artist", "album"), by=standard.trigrams, rare=True),
        Key("title_words", of="title", by=standard.words(), rare=True),
    ],
    comparisons=[
        compare.likeness("said", "everything", "everything_letters"),
        compare.digits("number", slips=1),
        compare.same("year"),
        compare.same("language"),
    ],
    block=[["title"], ["title_words"], ["album", "number"], ["artist", "number"]],
    fit="candidates",
    # Many records of one thing: a single wrong pair may not bridge two of them.
    linkage="average",
)
