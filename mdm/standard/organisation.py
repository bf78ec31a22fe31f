"""Standardisers for names of organisations and their specialties."""

from string import ascii_lowercase

import polars as pl

from mdm.standard.script import latin
from mdm.standard.standardiser import Standardiser, present, reworded
from mdm.standard.text import folded, text

_WORDS = """
assoc: assn association associates associate associated asociacion
biology: biol
cardiology: cardiol
center: centre ctr cntr centro centrum zentrum centers centres centros ctrs
children: childrens
clinic: clinics clinica clinique klinik kliniek clin cliniques
college: coll
community: comm cmty
company: cia compania compagnie
consultants: consultant
county: cnty cty
dental: dent
department: dept dpt departments departamento departement dipartimento abteilung
diagnostic: diag diagnostics
division: div
emergency: emerg
faculty: fac facultad faculte fakultat facolta
foundation: fndn fdn fundacion fondation fondazione stiftung
fort: ft
general: gen
gastroenterology: gastro
group: grp groupe gruppe
health: hlth
healthcare: healthcr
hematology: haematology
hospital: hosp hospitals hopital hopitaux ospedale krankenhaus ziekenhuis hospitalier szpital spital hsp
institute: inst institut instituto istituto instituut institutes institution
international: intl internacional
laboratory: lab labs laboratories laboratorio laboratoire laboratorios laboratoires labor
management: mgmt mgt
medical: med medico medica medicale medizinisches
medicine: medicina medizin
memorial: mem meml
mount: mt
national: natl nacional nationale nazionale
neurology: neurol
obstetrics: obstet
oncology: onc oncol
orthopedic: orthopaedic ortho orthopedics orthopaedics
partners: ptnrs
pathology: path
pediatric: paediatric pediatrics paediatrics peds ped
pharmaceutical: pharmaceuticals pharm pharma pharmaceuticos
pharmacy: pharmacies farmacia pharmacie apotheke
physicians: physician
practice: pract
radiology: rad
regional: reg regl
rehabilitation: rehab
research: rsch rsrch
saint: st ste san sankt sainte sao
school: sch schule
science: sci sciences
service: svc svcs services srvcs
society: soc
specialist: specialists spec
surgery: surg
system: sys systems
technology: tech technologies
trust: trusts
university: univ universitat universidad universite universita
university: universiteit universitario universitaria universitaire universitatsklinikum uni
women: womens
"""
_SMALL_WORDS = "the of and for at de del der des du und et"
_LEGAL = (
    "inc incorporated llc llp lllp pllc ltd limited plc corp corporation gmbh ggmbh mbh kgaa ohg sarl srl sasu oyj "
    "aps pty pte pvt kft zrt spzoo doo kabushiki aktiengesellschaft"
)
# At the end only: in front or inside they are words, initials or states.
_LEGAL_LAST = "co company ag ab as sa sas spa oy kg kk gk se lp pa pc nv bv cv ev eg asbl scs sl slu"


def _words(table: str) -> dict[str, str]:
    lines = (line.partition(":") for line in table.strip().splitlines())
    return {word: kept for kept, _, words in lines for word in words.split()}


def _slips(word: str) -> set[str]:
    """The word with one key struck wrongly: a letter left out, another one, one too many, or two exchanged."""
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    short = {a + b[1:] for a, b in parts if b} | {a + b[1] + b[0] + b[2:] for a, b in parts if len(b) > 1}
    return (short | {a + letter + b[cut:] for a, b in parts for letter in ascii_lowercase for cut in (0, 1)}) - {word}


# Alone among the words it tells two organisations apart: a department and its house.
_DEPARTMENT = dict.fromkeys(sorted(_slips("department")), "department")


def _org_name(column: pl.Expr) -> pl.Expr:
    said = text.expr(column).str.replace_all(r"\s+([,;.])", "$1")
    return present(said.str.replace(r"^[-–*,;\s]+", "").str.strip_chars_end(" ,;"))


def _org_key(column: pl.Expr) -> pl.Expr:
    # "U.S.A." and "S.p.A." are one word each; a department's ampersand is an "and".
    joined = latin.expr(column).str.replace_all(r"\b(\p{L})\.", "$1")
    plain = folded.expr(joined)
    dropped = dict.fromkeys([*_SMALL_WORDS.split(), *_LEGAL.split()], "")
    known = reworded(plain, _DEPARTMENT | _words(_WORDS) | {"surgicenter": "surgery center"} | dropped)
    last = known.str.replace_all(r"\bhealth care\b", "healthcare")
    bare = last.str.replace(rf"(?: (?:{_LEGAL_LAST.replace(' ', '|')}|p [ac]|l l [cp]))+$", "")
    return pl.coalesce(present(bare), plain)


org_name = Standardiser("org_name", _org_name, "Clean text of an organisation's name; case kept.")
org_key = Standardiser(
    "org_key", _org_key, "For comparing: folded, no legal form and small words, abbreviations and languages made one."
)
specialty = Standardiser("specialty", lambda c: folded.expr(c), "Folded name of a specialty.")
