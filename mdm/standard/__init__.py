"""Standardisers: from what a source said to the form people read, and the form machines compare.

Pure, and a column at a time. Null and blank give null, nothing raises, and text standardised twice is text
standardised once. A name that ends in `_key` is a form for comparing; so are `folded`, `folded_name`, `given`,
`initial`, `phonetic`, `prose`, `tokens_sorted`, `strength` and `substances`. The others are fit to be published.
"""

from mdm.standard import supply as supply
from mdm.standard.contact import email, email_key, phone, phone_in, phone_key, phone_key_in, url, url_key
from mdm.standard.content import codes_in, known, numbers_in, prose, trigrams
from mdm.standard.credential import credentials
from mdm.standard.organisation import org_key, org_name, specialty
from mdm.standard.part import department, each, generation, house_number, premises, unit, without_generation, words
from mdm.standard.person import family_part, folded_name, gender, given, given_part, initial, name, phonetic, suffix
from mdm.standard.place import address, address_key, country, postcode, postcode_key, region, region_key
from mdm.standard.placeholder import placeholder_email, placeholder_person, placeholder_phone
from mdm.standard.product import dose_form, gtin, ndc, ndc_candidates, route, substance_key, substances
from mdm.standard.script import latin
from mdm.standard.standardiser import Standardiser, per_value
from mdm.standard.strength import strength, strength_content, strength_unit, strength_value
from mdm.standard.text import (
    code,
    digits,
    first_token,
    folded,
    last_token,
    lower,
    prefix,
    split,
    suffix_of,
    text,
    tokens_sorted,
    upper,
)
from mdm.standard.value import boolean, date, date_day_first, integer, number, status

__all__ = [
    "Standardiser", "address", "address_key", "boolean", "code", "codes_in", "country", "credentials", "date", "date_day_first",
    "department", "digits", "dose_form", "each", "email", "email_key", "family_part", "first_token", "folded",
    "folded_name", "gender", "generation", "given", "given_part", "gtin", "house_number", "initial", "integer", "known", "last_token", "latin",
    "lower", "name", "ndc", "ndc_candidates", "number", "numbers_in", "org_key", "org_name", "per_value", "phone", "phone_in",
    "phone_key", "phone_key_in", "phonetic", "placeholder_email", "placeholder_person", "placeholder_phone",
    "postcode", "postcode_key", "prefix", "premises", "prose", "region", "region_key", "route", "specialty", "split", "status",
    "strength", "strength_content", "strength_unit", "strength_value", "substance_key", "substances", "suffix", "suffix_of",
    "text", "tokens_sorted", "trigrams", "unit", "upper", "url", "url_key", "without_generation", "words",
]  # fmt: skip
