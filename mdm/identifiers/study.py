"""Identifiers of studies. None has a check digit that its register publishes."""

from mdm.identifiers.spelling import bare, formed, grouped

nct = formed("nct", "ClinicalTrials.gov number: NCT and eight digits.", r"^NCT[0-9]{8}$")
eudract = formed(
    "eudract",
    "EudraCT number: year, six digits and two check digits whose rule is not published.",
    r"^(?:19|20)[0-9]{2}-[0-9]{6}-[0-9]{2}$",
    grouped("eudract", r"^([0-9]{4})([0-9]{6})([0-9]{2})$", "$1-$2-$3", "EUDRACT(?:NUMBER|NO)?"),
)
eu_ct = formed(
    "eu_ct",
    "EU clinical trial number under Regulation 536/2014: year, 5 and five digits, and the version of the submission.",
    r"^20[0-9]{2}-5[0-9]{5}-[0-9]{2}-[0-9]{2}$",
    grouped("eu_ct", r"^([0-9]{4})(5[0-9]{5})([0-9]{2})([0-9]{2})$", "$1-$2-$3-$4", "(?:EU)?CT(?:NUMBER|NO)?|EUCT"),
)
ind = formed("ind", "Investigational New Drug application (US): five or six digits.", r"^[0-9]{5,6}$", bare("ind", "IND"))
