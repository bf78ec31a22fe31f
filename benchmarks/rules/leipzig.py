"""An institution, by nothing but what authors wrote under their names."""

from mdm import Attribute, Entity, Key, compare, standard

institution = Entity(
    name="institution",
    about="A university, company or laboratory; one row per institution.",
    prefix="INS",
    attributes=[Attribute("affiliation", "As the paper has it.", standardise=standard.text)],
    keys=[
        Key("words", of="affiliation", by=standard.prose.then(standard.words()), rare=True),
        Key("letters", of="affiliation", by=standard.prose.then(standard.trigrams), rare=True),
    ],
    comparisons=[compare.likeness("affiliation", "words", "letters")],
    block=[["words"]],
    fit="candidates",
    # Many records of one thing: a single wrong pair may not bridge two of them.
    linkage="average",
    # One text alone never makes sure by 99 %: half way, as `mdm suggest` advises.
    accept=0.5,
    review=0.4,
)
