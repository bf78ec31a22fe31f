"""Standardiser for degrees and licences written behind a name."""

import polars as pl

from mdm.standard.standardiser import Standardiser, present, squeezed
from mdm.standard.text import upper

_MIXED_CASE = (
    "PhD DPhil PharmD PsyD EdD DrPH MSc BSc MBChB MBBCh DMedSc ScD MEd BEd BCh BPharm MPhil FAAFP MRCPsych FRCPath DClinPsy AuD "
    "DSc LLB MedVet RPh"
).split()
_SPELLED_OUT = {
    "DOCTOR OF MEDICINE": "MD", "MEDICAL DOCTOR": "MD", "DOCTOR OF OSTEOPATHY": "DO", "DOCTOR OF PHILOSOPHY": "PHD",
    "DOCTOR OF OSTEOPATHIC MEDICINE": "DO", "NURSE PRACTITIONER": "NP", "PHYSICIAN ASSISTANT": "PA",
    "PHYSICIAN'S ASSISTANT": "PA", "REGISTERED NURSE": "RN", "DOCTOR OF PHARMACY": "PHARMD", "PH D": "PHD",
    "PHARM D": "PHARMD", "PSY D": "PSYD", "ED D": "EDD", "M D": "MD", "D O": "DO", "PHYSICAL THERAPIST": "PT",
    "SOCIAL WORKER": "SW", "REGISTERED PHARMACIST": "RPH", "R PH": "RPH", "M SC": "MSC", "B SC": "BSC",
}  # fmt: skip


def _credentials(column: pl.Expr) -> pl.Expr:
    said = upper.expr(column).str.replace_all(".", "", literal=True).str.normalize("NFC").str.replace_all(r"[;/|&]+|\bAND\b", ",")
    # Only a hyphen inside a word is part of it.
    plain = said.str.replace_all(r"\B-+|-+\B", " ")
    spelled = pl.concat_str(pl.lit(" "), plain.str.replace_all(",", " , ", literal=True), pl.lit(" "))
    # Padded, so that only whole words are met; twice, since neighbours share a space.
    whole = {f" {words} ": f" {short} " for words, short in _SPELLED_OUT.items()}
    short = squeezed(spelled.str.replace_many(whole, leftmost=True).str.replace_many(whole, leftmost=True)).str.strip_chars(" ,")
    # Short words side by side are credentials; a longer one makes the part a phrase.
    codes = short.str.contains(r"^(?:[\p{L}\p{N}-]{1,7}(?:[ ,]+|$))+$")
    parted = pl.when(codes).then(short.str.replace_all(" ", ",", literal=True)).otherwise(short)
    word = pl.element().str.strip_chars(" ")
    cased = word.replace_strict({word.upper(): word for word in _MIXED_CASE}, default=word)
    listed = parted.str.split(",").list.eval(cased).list.unique(maintain_order=True)
    return present(listed.list.filter(pl.element() != "").list.join(", "))


credentials = Standardiser("credentials", _credentials, "Degrees and licences without dots, in order: MD, PhD.")
