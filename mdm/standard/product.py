"""Standardisers for medicines and materials: forms, routes, substances, package codes."""

import polars as pl

from mdm.standard.standardiser import Standardiser, present, reworded, squeezed
from mdm.standard.text import folded, upper

_FORM_WORDS = """
aerosol: aer aero
capsule: cap caps capsules capsula kapsel kapseln gelule
concentrate: conc
cream: crm creme crema
drops: drop gtt gtts tropfen
elixir: elix
emulsion: emul
gel: gels
granules: granule gran
implant: implants
injection: inj injectable injectables injections inyectable
inhaler: inh
insert: inserts
kit: kits
liquid: liq
lotion: lot lotn
lozenge: lozenges troche troches loz
metered: mdi
ointment: oint ung salbe
patch: patches
pellets: pellet
powder: pow powd pwd pdr pulver polvo poudre
solution: sol soln solutions solucion losung
spray: spr
suppository: supp suppositories suppos
suspension: susp suspensions
syrup: syr sirup jarabe
system: sys
tablet: tab tabs tabl tablets tbl comp comprimido comprimidos comprime comprimes tablette tabletten compressa compresse
vial: vials
ampoule: amp ampul ampule ampoules ampuls
film: films
extended_release: extended prolonged sustained controlled slow er xr xl sr cr la retard
modified_release: modified
delayed_release: delayed enteric gastroresistant dr ec
film_coated: fc filmcoated
orally_disintegrating: disintegrating odt orodispersible
chewable: chew chewing
prefilled: filled
"""
_NOUNS = (
    "aerosol capsule concentrate cream drops elixir emulsion foam gas gel granules gum implant inhaler injection insert "
    "kit liquid lotion lozenge ointment paste patch pellets powder ring shampoo solution sponge spray suppository suspension "
    "swab syringe syrup system tablet vial ampoule cartridge pen oil tincture wafer device crystal"
).split()
# Said by the route, or by nothing else than the usual: "oral solution", "hard gelatin capsule".
_UNSAID = (
    "for and of with oral orally topical nasal ophthalmic otic vaginal rectal transdermal release rel immediate hard gelatin "
    "pre gastro resistant use"
)
_ROUTES = {
    "oral": "po os peroral mouth orally", "intravenous": "iv intravenously intravenoes", "intramuscular": "im intramuscularly",
    "subcutaneous": "sc sq subcut subq subcutaneously", "intradermal": "id", "inhalation": "inh inhaled inhal respiratory",
    "ophthalmic": "opth ophth ocular eye", "otic": "auricular ear", "nasal": "intranasal nose",
    "rectal": "pr rectally", "vaginal": "pv vaginally", "topical": "top cutaneous topically", "sublingual": "sl",
    "transdermal": "td", "intrathecal": "it",
}  # fmt: skip
# Lists that keep form and route in one field say these where the route would stand; "injection" is a route to them.
_NO_ROUTE = (
    "use administration by per via for infusion vial syringe cartridge ampoule kit powder solution suspension tablet capsule "
    "granule pellet pellets delayed extended rel release disintegrating chewable lyophilized power single multi multidose dose jelly "
    "enema disc bar tape soap cloth dressing tampon inhalant pastille fiber sponge unknown none"
)
_ROUTE = {word: route for route, words in _ROUTES.items() for word in words.split()} | dict.fromkeys(_NO_ROUTE.split(), "")
_NOTHING = r"(?i)\bn/a\b"
_SALTS = {
    "hydrochloride": "hcl hydrochlorid chlorhydrate clorhidrato", "hydrobromide": "hbr hydrobromid",
    "sodium": "na sodico natrium",
    "potassium": "kalium",
    "calcium": "", "magnesium": "", "zinc": "", "sulfate": "sulphate sulfat", "phosphate": "phosphat",
    "acetate": "acetat", "maleate": "maleat", "tartrate": "tartrat", "citrate": "citrat", "mesylate": "mesilate methanesulfonate",
    "besylate": "besilate", "tosylate": "tosilate", "fumarate": "fumarat", "succinate": "succinat", "gluconate": "",
    "lactate": "",
    "nitrate": "", "bromide": "", "chloride": "", "iodide": "", "dihydrochloride": "", "monohydrate": "", "dihydrate": "",
    "trihydrate": "", "hemihydrate": "", "anhydrous": "", "hydrate": "", "bitartrate": "", "disodium": "", "medoxomil": "",
    "pamoate": "embonate", "palmitate": "", "propionate": "", "valerate": "", "stearate": "", "oxalate": "", "malate": "",
    "decanoate": "", "furoate": "", "tromethamine": "trometamol", "meglumine": "", "arginine": "", "lysine": "", "hyclate": "",
    "dipropionate": "", "hydrogen": "", "orotate": "", "edisylate": "", "xinafoate": "", "axetil": "", "proxetil": "",
    "aluminum": "aluminium", "lithium": "", "trifluoroacetate": "", "carbonate": "", "oxide": "", "hydroxide": "",
}  # fmt: skip
_SALT = {word: salt for salt, words in _SALTS.items() for word in words.split()}
_SALT_WORD = rf"\b(?:{'|'.join(_SALTS)})\b"
_FORM_IN_FRONT = rf"(?is)^[^;]*\b(?:{'|'.join(_NOUNS)}|film|injectable|troche|granule|pellet|tab|cap)s?\b[^;]*;\s*"


def _words(table: str) -> dict[str, str]:
    lines = (line.partition(":") for line in table.strip().splitlines())
    return {word: kept for kept, _, words in lines for word in words.split()}


def _listed(column: pl.Expr, each: Standardiser) -> pl.Expr:
    """The parts of a list as one sorted list, each part once."""
    told = column.list.eval(each.on(pl.element()))
    return told.list.filter(pl.element().is_not_null()).list.eval(pl.element().unique().sort())


def _dose_form(column: pl.Expr) -> pl.Expr:
    # The part behind a semicolon is the route; "for suspension" alone is the powder of one.
    plain = folded.expr(column.str.replace_all(_NOTHING, "").str.replace(r"(?s)^([^;]*[^;\s][^;]*);.*$", "$1"))
    powder = plain.str.replace(r"^for (suspension|solution|injection)\b", "powder $1")
    glued = powder.str.replace_all(r"\b(film|sugar) coated\b", "${1}_coated").str.replace_all(r"\bsoft ?gels?\b", "soft capsule")
    known = reworded(glued, _words(_FORM_WORDS) | dict.fromkeys(_UNSAID.split(), ""))
    # Nouns first and "film" last, so that sorting never puts "film" in front of "coated".
    marks = {noun: f"!{noun}" for noun in _NOUNS} | {"film": "~film"}
    marked = known.str.split(" ").list.eval(pl.element().replace_strict(marks, default=pl.element()))
    ordered = marked.list.eval(pl.element().unique().sort()).list.join(" ").str.replace_all("[!~]", "")
    return pl.coalesce(present(ordered.str.replace_all("_", "-", literal=True)), plain)


def _one_route(column: pl.Expr) -> pl.Expr:
    plain = folded.expr(column)
    # The number of tablets in a cycle is no part of the route: ORAL-28.
    return present(reworded(plain, _ROUTE).str.replace(r"(?: [0-9]+)+$", ""))


_ONE_ROUTE = Standardiser("one_route", _one_route)


def _route(column: pl.Expr) -> pl.Expr:
    behind = column.str.replace_all(_NOTHING, "").str.replace(_FORM_IN_FRONT, "")
    apart = behind.str.replace_all(r"(?i)\b(im|iv|sc)-(im|iv|sc)\b", "$1;$2")
    parts = apart.str.replace_all(r"(?i)[;,/+&]|\band\b", ";").str.split(";")
    return present(_listed(parts, _ONE_ROUTE).list.join(", "))


def _substances(column: pl.Expr) -> pl.Expr:
    # The commas of a chemical name stand between digits; twice, since neighbours share one.
    kept = column.str.replace_all(r"([0-9]'?),([0-9])", "$1 $2").str.replace_all(r"([0-9]'?),([0-9])", "$1 $2")
    parts = kept.str.replace_all(r"(?i)[;,/+&]|\band\b", ";").str.split(";")
    return present(_listed(parts, folded).list.join("; "))


def _salt_apart(column: pl.Expr) -> pl.Expr:
    words = reworded(folded.expr(column), _SALT)
    base, salts = salt_words(column, kept=False), salt_words(column, kept=True)
    told = pl.concat_str(base, pl.lit(" ("), salts, pl.lit(")"))
    # Sodium chloride is no salt of anything.
    return pl.when((base != "") & (salts != "")).then(told).otherwise(words)


_ONE_SUBSTANCE = Standardiser("one_substance", _salt_apart)


def salt_words(column: pl.Expr, *, kept: bool) -> pl.Expr:
    """Of a name to compare, the salts it speaks of, spelt as one and sorted; or, not `kept`, what else it says."""
    words = reworded(folded.expr(column), _SALT)
    if not kept:
        return squeezed(words.str.replace_all(_SALT_WORD, ""))
    return words.str.extract_all(_SALT_WORD).list.eval(pl.element().unique().sort()).list.join(" ")


def _substance_key(column: pl.Expr) -> pl.Expr:
    parts = _substances(column).str.split("; ")
    return present(_listed(parts, _ONE_SUBSTANCE).list.join("; "))


def _ndc(column: pl.Expr) -> pl.Expr:
    said = upper.expr(column.str.normalize("NFKC")).str.replace_all(r"\s*[\p{Pd}−]\s*", "-")
    bare = said.str.replace(r"^NDC[:#.\s]*-?([0-9])", "$1").str.replace(r"^([0-9]+)\.0$", "$1")
    # A labeler of six digits is written so only where the first is not zero.
    five = bare.str.replace(r"^0([0-9]{5}-[0-9]{3,4}(?:-[0-9]{1,2})?)$", "$1")
    labeler = five.str.replace(r"^([0-9]{4}-[0-9]{4}(?:-[0-9]{2})?)$", "0$1")
    product = labeler.str.replace(r"^([0-9]{5,6})-([0-9]{3})((?:-[0-9]{2})?)$", "$1-0$2$3")
    package = product.str.replace(r"^([0-9]{5,6}-[0-9]{4})-([0-9])$", "$1-0$2")
    return present(package.str.replace(r"^([0-9]{5})([0-9]{4})([0-9]{2})$", "$1-$2-$3"))


def _ndc_candidates(column: pl.Expr) -> pl.Expr:
    known = _ndc(column)
    full = known.str.extract(r"^([0-9]{5,6}-[0-9]{4}-[0-9]{2})$").str.replace_all("-", "", literal=True)
    bare = known.str.extract(r"^([0-9]{10})$")
    short_labeler = pl.concat_str(pl.lit("0"), bare)
    short_product = pl.concat_str(bare.str.slice(0, 5), pl.lit("0"), bare.str.slice(5))
    short_package = pl.concat_str(bare.str.slice(0, 9), pl.lit("0"), bare.str.slice(9))
    readings = pl.concat_str(short_labeler, short_product, short_package, separator=" ")
    return pl.coalesce(full, readings).str.split(" ")


def _gtin(column: pl.Expr) -> pl.Expr:
    said = upper.expr(column.str.normalize("NFKC")).str.replace_all(r"[\s\p{Pd}]", "").str.normalize("NFC")
    bare = said.str.replace(r"^(?:GTIN|EAN|UPC)[0-9]{0,2}:", "").str.replace(r"^\(01\)|^01([0-9]{14})$", "$1")
    known = bare.str.contains(r"^(?:[0-9]{8}|[0-9]{12,14})$")
    return pl.when(known).then(bare.str.zfill(14)).otherwise(present(bare))


dose_form = Standardiser("dose_form", _dose_form, "The form without the route: noun first, release and coating behind.")
route = Standardiser("route", _route, "The routes of administration in full words, sorted: intramuscular, intravenous.")
substances = Standardiser("substances", _substances, "The folded substances, sorted: amoxicillin; clavulanic acid.")
substance_key = Standardiser(
    "substance_key", _substance_key, "For comparing: the substances, the salt apart from the base: metformin (hydrochloride)."
)
ndc = Standardiser("ndc", _ndc, "National Drug Code as 5-4-2 (or 6-4-2); ten digits without hyphens stay as they are.")
ndc_candidates = Standardiser(
    "ndc_candidates", _ndc_candidates, "A list of the package codes it can be, without hyphens: three for ten bare digits."
)
gtin = Standardiser("gtin", _gtin, "Global Trade Item Number of any length, as fourteen digits.")
