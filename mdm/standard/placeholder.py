"""Standardisers that tell people and contacts from what is written in their place."""

import polars as pl

from mdm.standard.contact import email, phone_key
from mdm.standard.standardiser import Standardiser
from mdm.standard.text import folded, text

# Words that say what someone is there for, and are nobody's name.
_ROLES = (
    "study studies trial trials clinical coordinator coordinators investigator investigators investigational contact "
    "contacts office center centre hospital clinic recruiting recruitment hotline helpline helpdesk team department "
    "information medical sponsor site sites research registry registries secretary reception "
    "pharmaceuticals pharma inc llc ltd gmbh corporation"
)
_NOBODY = (
    "test|test test|tester|testing|dummy|fake|unknown|unk|anonymous|not applicable|not available|not provided|not known|"
    "not specified|none|null|nil|no name|noname|nobody|tbd|tba|tbc|to be (?:determined|announced|confirmed|named)|vacant|"
    "deleted|duplicate|do not use|first name|last name|family name|given name|first last|n a|"
    "(?:test|dummy|fake|unknown) (?:test|dummy|user|person|patient|doctor|physician|provider|hcp|unknown)|"
    "(?:principal|sub|co|chief) investigator|use (?:the )?link|see .* contact|(?:[x*]+|z{3,}|asdf|qwerty|abc|aaa+|bbb+)"
)
_MAILBOX = r"^(?:none|no|na|noemail|no-?reply|unknown|test|null|nobody|notprovided|x+|a|abc|email|sample|example)@"
_MAIL_DOMAIN = r"@(?:none|no|na|noemail|unknown|test|null|example|email|domain|nowhere|invalid|x+)\.[a-z]{2,}$"


def _placeholder_person(column: pl.Expr) -> pl.Expr:
    said, words = text.expr(column), folded.expr(column)
    is_role = words.str.contains(rf"\b(?:{_ROLES.replace(' ', '|')})\b")
    is_nobody = words.str.contains(rf"^(?:{_NOBODY})$") | said.str.contains(r"^(?:NA|N/?A)$")
    # Nothing but punctuation names nobody either.
    return pl.when(said.is_not_null()).then((is_role | is_nobody).fill_null(True))


def _placeholder_email(column: pl.Expr) -> pl.Expr:
    said = email.expr(column)
    return said.str.contains(_MAILBOX) | said.str.contains(_MAIL_DOMAIN)


def _placeholder_phone(column: pl.Expr) -> pl.Expr:
    same = "|".join(f"{digit}{{7,}}" for digit in range(10))
    said = phone_key.expr(column).str.replace(r"^\+1", "").str.replace_all("+", "", literal=True)
    return said.str.contains(rf"^(?:{same}|0?123456789?0?|5555555|[2-9][0-9]{{2}}5550000)$")


placeholder_person = Standardiser(
    "placeholder_person", _placeholder_person, "True where a role, an office or a filler stands in place of a person's name."
)
placeholder_email = Standardiser(
    "placeholder_email", _placeholder_email, "True where an address is only filled in: none@none.com."
)
placeholder_phone = Standardiser("placeholder_phone", _placeholder_phone, "True where a number is only filled in: 999-999-9999.")
