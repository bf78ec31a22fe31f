"""Published identifier schemes of life sciences, their forms and check digits.

A scheme called with a value says whether it is valid; `valid_on` says it for a column, `normal` gives the one spelling.
"""

from mdm.identifiers.organisation import ccn, ctep_site, duns, fei, finess, gln, hpi_o, lei, oms_location, oms_organisation, ror
from mdm.identifiers.person import big, ctep_person, dea, gmc, hpi_i, isni, lanr, licence, npi, orcid, provider_at, rpps
from mdm.identifiers.product import atc, cas, gtin, inchikey, ndc, sscc, unii
from mdm.identifiers.scheme import Scheme
from mdm.identifiers.study import eu_ct, eudract, ind, nct

schemes: dict[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        npi, dea, licence, orcid, isni, rpps, lanr, hpi_i, gmc, big, provider_at, ctep_person,
        ror, lei, gln, duns, fei, ccn, hpi_o, finess, ctep_site, oms_organisation, oms_location,
        gtin, sscc, ndc, cas, unii, inchikey, atc,
        nct, eudract, eu_ct, ind,
    )
}  # fmt: skip

__all__ = ["Scheme", "schemes", *schemes]
