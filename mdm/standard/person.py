"""Standardisers for what is said about a person: names, credentials, gender."""

import polars as pl

from mdm.standard.nickname import short_forms
from mdm.standard.script import latin
from mdm.standard.standardiser import Standardiser, coded, present, reworded, squeezed
from mdm.standard.text import folded, text

_TITLES = (
    "dr dra dres doctor doctora doktor docteur dott dottore dottoressa prof professor professora profesor profesora "
    "professeur mr mrs ms miss mx sir dame madam mme mlle monsieur madame herr frau sig signora senor senora "
    "rev reverend med habil privatdozent pd univ dipl"
).split()
# At the end of a name only: Md. is also how Mohammed is written. Do and Ma are family names too.
_DEGREES = (
    "md phd dphil mbbs mbchb dds dmd dvm dnp pharmd psyd edd mph mba msc bsc rn np crnp aprn fnp msn bsn lcsw rph "
    "facp facs facc facog frcp frcpc frcs mrcp esq"
).split()
_TITLE_BEFORE = r"(?i)^(?:(?:" + "|".join(_TITLES) + r")(?:\.|\s)\s*)+"
_DEGREE_AFTER = r"(?i)(?:[\s,;]+(?:m\.?d|ph\.?\s?d|d\.?o|" + "|".join([*_DEGREES, *_TITLES]) + r")\b\.?|,\s*(?:[A-Z]\.?){2,5})+$"
_CLASSES = dict(zip("bfpvcgjkqsxzdtlmnr", "111122222222334556", strict=True))
# Upper case stays; a lone particle in front ("Van Buren") is capitalised in most countries.
_PARTICLES = ("De La ", "De Las ", "De Los ", "Van Der ", "Van Den ", "Van De ", "Von Der ", "Von Dem ", "Von Zu ")
_INNER_PARTICLES = " Van | Von | Van't | De | Del | Della | Der | Den | Da | Di | Dos | Das | Ter | Zu | Zur "
_SPELLED = (
    {f" {words}": f" {words.lower()}" for words in _PARTICLES}
    | {words: words.lower() for words in _PARTICLES}
    | {words: words.lower() for words in _INNER_PARTICLES.split("|")}
    | {f"Mc{letter}": f"Mc{letter.upper()}" for letter in "abcdefghijklmnopqrstuvwxyz"}
)
_GENDERS = {
    "male": "m male man masculine masculino mann maennlich mannlich masculin homme uomo hombre varon boy",
    "female": "f female woman feminine femenino frau weiblich feminin femme donna mujer w girl",
    "other": "other o x diverse divers nonbinary nb intersex transgender",
    "unknown": "unknown u unk unspecified undisclosed undetermined undifferentiated unbekannt",
}
_GENDER = {word: gender for gender, words in _GENDERS.items() for word in words.split()} | {
    "non binary": "other", "not specified": "unknown", "not known": "unknown", "not disclosed": "unknown",
    "prefer not to say": "unknown", "declined to answer": "unknown",
}  # fmt: skip
_SUFFIXES = {
    "Jr": "jr jnr junior", "Sr": "sr snr senior", "II": "ii 2nd second", "III": "iii 3rd third",
    "IV": "iv 4th fourth", "V": "v 5th fifth", "VI": "vi 6th", "VII": "vii 7th",
}  # fmt: skip
_SUFFIX = {word: suffix for suffix, words in _SUFFIXES.items() for word in words.split()}


def _name(column: pl.Expr) -> pl.Expr:
    said = text.expr(column)
    # The one small letter that becomes two signs, the first of them without case.
    apart = said.str.replace_all("ŉ", "ʼn", literal=True)
    titled = apart.str.to_titlecase().str.replace_many(_SPELLED, leftmost=True)
    numbered = titled.str.replace(r"\bIii\b", "III").str.replace(r"\bIi\b", "II").str.replace(r"\bIv\b", "IV")
    spelled = numbered.str.replace_all(r"(['’])S\b", "${1}s").str.normalize("NFC")
    shouted = (said == said.str.to_uppercase()) | (said == said.str.to_lowercase())
    return pl.when(shouted).then(spelled).otherwise(said)


def _folded_name(column: pl.Expr) -> pl.Expr:
    # Dots tell the degree "M.D." from the initials of Mary D.
    written = latin.expr(column).str.replace_all(r"(?i)\bm\.\s?d\b", "md")
    untitled = reworded(folded.expr(written), dict.fromkeys(_TITLES, "")).str.replace_all(r"\bph d\b", "phd")
    return present(untitled.str.replace(rf"(?: (?:{'|'.join(_DEGREES)}))+$", ""))


def _given(column: pl.Expr) -> pl.Expr:
    return present(reworded(_folded_name(column), short_forms()))


def _soundex(column: pl.Expr) -> pl.Expr:
    plain = folded.expr(column)
    letters = plain.str.replace_all(r"[^a-z]+", "")
    # Letters of one class count once, also across h and w; a vowel between them makes them count twice.
    heard = pl.concat_str(letters.str.slice(0, 1), letters.str.slice(1).str.replace_all(r"[hw]+", ""))
    classes = heard.str.replace_many(list(_CLASSES), list(_CLASSES.values()))
    for number in "123456":
        classes = classes.str.replace_all(f"{number}{number}+", number)
    numbers = pl.concat_str(classes.str.slice(1).str.replace_all(r"[^1-6]+", ""), pl.lit("000")).str.slice(0, 3)
    told = pl.concat_str(letters.str.slice(0, 1).str.to_uppercase(), numbers)
    is_code = column.str.contains(r"^[A-Z][0-9]{3}$")
    return pl.when(is_code).then(column).when(letters != "").then(told).otherwise(plain)


def _person(column: pl.Expr) -> pl.Expr:
    # What follows a comma is a degree, a title, or, of a name written family name first, the given names.
    said = text.expr(column).str.replace_all(_TITLE_BEFORE, "")
    return squeezed(said.str.replace(_DEGREE_AFTER, "").str.replace(r"[\s,;.]+$", ""))


def _given_part(column: pl.Expr) -> pl.Expr:
    person = _person(column)
    after = person.str.extract(r"^[^,]+,\s*(.+)$")
    before = person.str.extract(r"^([^,]+?)\s+(?:(?:van|von|de|del|della|der|den|da|di|dos|das|la|du|ter|zu|St\.)\s+)*\S+$")
    return pl.when(person.str.contains(",", literal=True)).then(after).otherwise(before)


def _family_part(column: pl.Expr) -> pl.Expr:
    person = _person(column)
    first = person.str.extract(r"^([^,]+),").str.strip_chars()
    last = person.str.extract(r"((?:\b(?:van|von|de|del|della|der|den|da|di|dos|das|la|du|ter|zu|St\.)\s+)*\S+)$")
    return pl.when(person.str.contains(",", literal=True)).then(first).otherwise(last)


def _suffix(column: pl.Expr) -> pl.Expr:
    return coded(folded.expr(column), _SUFFIX, text.expr(column))


def _gender(column: pl.Expr) -> pl.Expr:
    return coded(folded.expr(column), _GENDER, folded.expr(column))


name = Standardiser("name", _name, "Clean text; all capitals or all small letters become a name's usual case.")
folded_name = Standardiser(
    "folded_name", _folded_name, "For comparing names: in Latin letters, folded, without titles and degrees."
)
given = Standardiser("given", _given, "For comparing given names: folded, short forms as the name they stand for.")
initial = Standardiser("initial", lambda c: _folded_name(c).str.slice(0, 1), "The first letter of the folded name.")
phonetic = Standardiser("phonetic", _soundex, "American Soundex of the whole name; a name without Latin letters is folded only.")
given_part = Standardiser("given_part", _given_part, "The given names out of a whole name, without titles and degrees.")
family_part = Standardiser("family_part", _family_part, "The family name out of a whole name, without titles and degrees.")
suffix = Standardiser("suffix", _suffix, "Jr, Sr, II, III, IV and on; other text as it is written.")
gender = Standardiser("gender", _gender, "male, female, other or unknown; another word is kept, folded, to be seen.")
