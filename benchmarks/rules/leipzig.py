"""An institution, by nothing but what authors wrote under their names."""

from mdm import Attribute, Entity, Key, compare, standard

institution = Entity(
    name="institution",
    about="A university, company or laboratory; one row per institution.",
    prefix="INS",
    attributes=[Attribute("affiliation", "As the paper has it.", standardise=standard.text, compare_as=standard.folded)],
    keys=[
        Key("words", of="affiliation", by=standard.words(), rare=True),
        Key("letters", of="affiliation", by=standard.trigrams, rare=True),
    ],
    comparisons=[compare.likeness("affiliation", "words", "letters")],
    block=[["words"]],
    fit="candidates",
    # Many records of one thing: a single wrong pair may not bridge two of them.
    linkage="average",
)
