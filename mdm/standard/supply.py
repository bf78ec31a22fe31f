"""What the names and strengths of materials tell machines: amounts, packs, salts and studies. For keys, never published."""

import polars as pl

from mdm.standard.product import salt_words, substance_key, substances
from mdm.standard.standardiser import Standardiser, present
from mdm.standard.strength import strength
from mdm.standard.text import text

FIGURE = r"[0-9]+(?:\.[0-9]+)?"
UNDERSTOOD = r"^([0-9.]+ [^ ;]+(?:; [0-9.]+ [^ ;]+)*)$"
# An amount that is not understood is text, and text may not tell two strengths apart.
understood = Standardiser("understood", lambda told: told.str.extract(UNDERSTOOD))
# What cannot be understood may still hold other figures: "eq 40 mg medoxomil; 25 mg" is not "...; 12.5 mg".
figures = Standardiser(
    "figures", lambda told: pl.when(~told.str.contains(UNDERSTOOD)).then(told.str.extract_all(FIGURE).list.join(" "))
).then(text)
# With several substances no one number is the strength.
single = strength.then(understood).then(Standardiser("single", lambda told: told.str.extract(r"^([^;]+)$")))
# A coat changes the look; release changes the medicine.
form_group = Standardiser(
    "form_group", lambda form: form.str.replace_all(r"\b(?:film-coated|sugar-coated|coated|soft|film)\b", " ")
).then(text)
base = substance_key.then(Standardiser("base", lambda key: key.str.replace(r" \([^()]*\)$", "")))
# Salts in a name are compared by themselves: a base and its salt share every other word.
without_salts = Standardiser("without_salts", lambda name: pl.coalesce(present(salt_words(name, kept=False)), name))
salt = Standardiser(
    "salt",
    lambda said: pl.when(said.str.starts_with("substance ")).then(
        pl.coalesce(present(salt_words(said.str.replace("^substance ", ""), kept=True)), pl.lit("free"))
    ),
    "Of a level and a name, the salts that the name of a substance speaks of, or: free.",
)
without_amounts = Standardiser(
    "without_amounts", lambda name: name.str.replace_all(r"\b(?:x ?)?\d+(?:mg|mcg|g|ml|ct|pcs)?\b", " ")
).then(text)
substance_set = Standardiser("substance_set", lambda said: substances.expr(said).str.split("; "))
pack_size = Standardiser(
    "pack_size",
    lambda name: (
        name.str.to_lowercase()
        .str.replace(r"(\d{1,4}) ?(?:ct|count|pcs|per (?:pack|box|carton|bottle))\.?\s*$", "x$1")
        .str.extract(r"(?:\bx ?|\b(?:pack|box|carton|bottle) of )(\d{1,4})\s*$")
    ),
)
protocol = Standardiser(
    "protocol",
    lambda name: name.str.to_uppercase().str.extract(r"\b(?:FOR|STUDY|PROTOCOL|TRIAL|CLIN)[ :#]+([A-Z]{2,6}-?\d{3,6})\b"),
)
# Only what is written in segments: bare digits are several codes, and none for certain.
ndc_code = Standardiser("ndc_code", lambda ndc: ndc.str.extract(r"^([0-9]{5,6}-[0-9]{4})"))
ndc_segments = [
    Standardiser(name, lambda ndc, n=n: ndc.str.split("-").list.get(n, null_on_oob=True))  # type: ignore[misc]
    for n, name in enumerate(("labeler", "product", "package"))
]
