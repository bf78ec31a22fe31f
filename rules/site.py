"""The site: one golden record per organisation, department or place where people are treated and trials are run."""

import splink.comparison_level_library as cll
import splink.comparison_library as cl

from mdm import Attribute, Collection, Entity, Key, Link, Veto, checks, hard, identifiers, standard, survivorship, with_compatible

# Who the site is: registers of organisations first, then what was verified, then what was typed.
IDENTITY = survivorship.by_role("register", "master", "ctms", "crm", "edc", "file")
# Trial systems send couriers there; a wrong address is noticed within days.
CONTACT = survivorship.recent

KINDS = ("organisation", "department", "place", "study_site")
STATUSES = ("active", "inactive", "closed", "merged")

# What a site is, not which: in a name to compare these words tell nothing.
GENERIC = (
    "academic academy ambulatory and apmc associated assoc branch campus cancer care center child children clinic clinical "
    "college community company consultants day department division east family foundation general group head health "
    "healthcare home hospital institute international laboratory learning main md medical medicine memorial national network "
    "nursing of office outpatient partners physicians practice private program public regional research school science "
    "service site society specialist start system the trust university veterans".split()
)

# Sources rarely agree whether a department is one; the key `unit` tells departments apart.
kind_group = standard.Standardiser("kind_group", lambda kind: kind.replace("department", "organisation"))

SAME_PLACE = (
    "(postcode_l = postcode_r or city_l = city_r"
    " or ((postcode_l is null or postcode_r is null) and (city_l is null or city_r is null)))"
)
NO_LOCATION = (
    "(address_l is null or address_r is null) and (postcode_l is null or postcode_r is null)"
    " and (city_l is null or city_r is null)"
)

NAME = cl.CustomComparison(
    output_column_name="name",
    comparison_levels=[
        cll.NullLevel("name"),
        cll.ExactMatchLevel("name", term_frequency_adjustments=True),
        cll.LevenshteinLevel("name", 2),
        cll.ArraySubsetLevel("name_words").configure(label_for_charts="distinctive words of one name all in the other"),
        cll.ArrayIntersectLevel("name_words", 2).configure(label_for_charts="two distinctive words in common"),
        cll.ArrayIntersectLevel("name_words", 1).configure(label_for_charts="one distinctive word in common"),
        cll.ElseLevel(),
    ],
).configure(
    m_probabilities=[0.45, 0.06, 0.28, 0.1, 0.06, 0.05],
    u_probabilities=[0.0004, 0.0004, 0.002, 0.004, 0.03, 0.9632],
)

# What chance brings is fixed here: in a sample, most pairs with one address are pairs of one site, so that
# sampling would take the weight away. Another address is another site, also in the same postcode and with the
# same switchboard: one agency runs many sites.
LOCATION = cl.CustomComparison(
    output_column_name="location",
    comparison_levels=[
        cll.CustomLevel(NO_LOCATION, "no location to compare").configure(is_null_level=True),
        cll.CustomLevel(f"address_l = address_r and {SAME_PLACE}", "same address").configure(fix_u_probability=True),
        cll.CustomLevel(f"premises_l = premises_r and {SAME_PLACE}", "same house").configure(fix_u_probability=True),
        cll.And(
            cll.ExactMatchLevel("house_number"),
            cll.JaroWinklerLevel("premises", 0.92),
            cll.CustomLevel(SAME_PLACE),
        ).configure(label_for_charts="same house number, street spelled alike", fix_u_probability=True),
        cll.CustomLevel("(address_l is null or address_r is null) and postcode_l = postcode_r", "same postcode, address unknown"),
        cll.CustomLevel(
            "(address_l is null or address_r is null) and (postcode_l is null or postcode_r is null) and city_l = city_r",
            "same city, no more known",
        ),
        cll.ElseLevel().configure(label_for_charts="another address", fix_m_probability=True),
    ],
).configure(
    m_probabilities=[0.49, 0.3, 0.03, 0.08, 0.08, 0.02],
    u_probabilities=[0.00005, 0.00005, 0.00002, 0.002, 0.01, 0.98788],
)

# A house has many lines: another number says little against.
PHONE = cl.CustomComparison(
    output_column_name="phone",
    comparison_levels=[
        cll.NullLevel("phone"),
        cll.ExactMatchLevel("phone"),
        cll.LevenshteinLevel("phone", 1),
        cll.ElseLevel().configure(fix_m_probability=True),
    ],
).configure(m_probabilities=[0.5, 0.05, 0.45], u_probabilities=[0.001, 0.001, 0.998])

# Any register's number. Hospitals hold several of most kinds, all in their own name: a difference says little. With
# another name as well it is another organisation, also in the same office and with the same switchboard.
SCHEMES = ("npi", "ror", "fei", "duns", "ctep")
REGISTERED = cl.CustomComparison(
    output_column_name="registered",
    comparison_levels=[
        cll.And(*(cll.NullLevel(scheme) for scheme in SCHEMES)),
        cll.Or(*(cll.ExactMatchLevel(scheme) for scheme in SCHEMES)).configure(
            label_for_charts="a registered number in common", fix_u_probability=True
        ),
        cll.And(
            cll.Or(*(cll.CustomLevel(f"{scheme}_l <> {scheme}_r") for scheme in SCHEMES)),
            cll.Not(cll.LevenshteinLevel("name", 2)),
            cll.Not(cll.ArrayIntersectLevel("name_words", 1)),
        ).configure(label_for_charts="other numbers and other names", fix_m_probability=True, fix_u_probability=True),
        # In a sample nearly all names differ too, so that a mere difference of numbers would speak for one site.
        cll.ElseLevel().configure(fix_m_probability=True, fix_u_probability=True),
    ],
).configure(m_probabilities=[0.7, 0.001, 0.299], u_probabilities=[0.00001, 0.3, 0.69999])

WEB = cl.ExactMatch("web").configure(m_probabilities=[0.8, 0.2], u_probabilities=[0.001, 0.999])

site = Entity(
    name="site",
    about="An organisation, a department or a place where people are treated or a trial is run; one row per site and kind.",
    prefix="SITE",
    label="Site",
    attributes=[
        Attribute(
            "name", "Legal or usual name.", standardise=standard.org_name, required=True, checks=[hard(checks.has_letters())],
            compare_as=standard.org_key, survive=IDENTITY, exposure="public",
        ),
        Attribute(
            "other_names", "Former, trade and native names.", type=list, standardise=standard.split("|", standard.org_name),
            survive=survivorship.union, exposure="public",
        ),
        Attribute(
            "kind", "What the record is: organisation, department, place or study_site; kinds never merge, they link.",
            standardise=standard.lower, checks=[checks.one_of(*KINDS)], compare_as=kind_group, survive=IDENTITY,
            exposure="public",
        ),
        Attribute(
            "department", "Department, where the site is one; taken from the name where no source states it.",
            standardise=standard.org_name, compare_as=standard.org_key.then(standard.first_token), survive=IDENTITY,
            derive=("name", standard.department), exposure="public",
        ),
        Attribute(
            "npi", "National Provider Identifier of the organisation (type 2), ten digits.", standardise=identifiers.npi.normal,
            checks=[checks.valid(identifiers.npi)], identifies=with_compatible("name", parts=False), survive=IDENTITY,
            exposure="public", label="NPI",
        ),
        Attribute(
            "ror", "Research Organization Registry identifier, nine characters.", standardise=identifiers.ror.normal,
            checks=[checks.valid(identifiers.ror)], identifies=with_compatible("name"), survive=IDENTITY, exposure="public",
            label="ROR",
        ),
        Attribute(
            "fei", "FDA Establishment Identifier, seven or ten digits.", standardise=identifiers.fei.normal,
            checks=[checks.valid(identifiers.fei)], identifies=with_compatible("name", parts=False), survive=IDENTITY,
            exposure="public", label="FEI",
        ),
        Attribute(
            "duns", "D-U-N-S number of the location, nine digits.", standardise=identifiers.duns.normal,
            checks=[checks.valid(identifiers.duns)], identifies=with_compatible("name", parts=False), survive=IDENTITY,
            exposure="public", label="DUNS",
        ),
        Attribute(
            "ctep", "Site code of the Cancer Therapy Evaluation Program.", standardise=identifiers.ctep_site.normal,
            checks=[checks.valid(identifiers.ctep_site)], identifies=with_compatible("name", parts=False),
            survive=IDENTITY,
            exposure="public", label="CTEP",
        ),
        Attribute(
            "address", "Street and number where visitors go.", standardise=standard.address, compare_as=standard.address_key,
            survive=CONTACT, group="location", exposure="public",
        ),
        Attribute(
            "city", "City.", standardise=standard.name, compare_as=standard.folded, survive=CONTACT, group="location",
            exposure="public",
        ),
        Attribute(
            "region", "State or province.", standardise=standard.region, compare_as=standard.region_key, survive=CONTACT,
            group="location", exposure="public",
        ),
        Attribute(
            "postcode", "Postcode.", standardise=standard.postcode, compare_as=standard.postcode_key, survive=CONTACT,
            group="location", exposure="public",
        ),
        Attribute(
            "country", "Country, two letters (ISO 3166-1).", standardise=standard.country,
            checks=[checks.matches("[A-Z]{2}", error="not a country of two letters")], survive=CONTACT, group="location",
            exposure="public",
        ),
        Attribute(
            "phone", "Main telephone number, in international form.", standardise=standard.phone,
            checks=[checks.never(standard.placeholder_phone, error="only filled in, nobody's telephone number")],
            compare_as=standard.phone_key, survive=CONTACT, exposure="public",
        ),
        Attribute(
            "web", "Web address.", standardise=standard.url, compare_as=standard.url_key, survive=CONTACT, exposure="public"
        ),
        Attribute(
            "status", "Whether the site exists and works: active, inactive, closed or merged.", standardise=standard.status,
            checks=[checks.one_of(*STATUSES)], survive=IDENTITY, exposure="public",
        ),
    ],
    collections=[
        Collection(
            "address", "A further address: mailing, drug shipment, invoices.", key=("line_1", "postcode"),
            attributes=[
                Attribute("line_1", "Street and number.", standardise=standard.address, required=True, exposure="public"),
                Attribute("line_2", "Building, floor or suite.", standardise=standard.text, exposure="public"),
                Attribute("city", "City.", standardise=standard.name, exposure="public"),
                Attribute("region", "State or province.", standardise=standard.region, exposure="public"),
                Attribute("postcode", "Postcode.", standardise=standard.postcode, exposure="public"),
                Attribute("country", "Country, two letters (ISO 3166-1).", standardise=standard.country, exposure="public"),
                Attribute("phone", "Telephone number there.", standardise=standard.phone),
                Attribute("kind", "What the address is for: visit, mailing, shipment or invoice.", standardise=standard.lower),
            ],
        ),
        Collection(
            "identifier", "A further identifier, such as CCN, GLN, LEI, EMA OMS or a national register's.",
            key=("scheme", "value"),
            attributes=[
                Attribute("scheme", "Who issued it.", standardise=standard.lower, required=True, exposure="public"),
                Attribute("value", "The identifier.", standardise=standard.text, required=True, exposure="public"),
            ],
        ),
    ],
    links=[Link("parent", to="site", about="The organisation this site belongs to; dated, with a role.")],
    keys=[
        Key("name_words", of="name", by=standard.words(without=GENERIC)),
        Key("unit", of="name", by=standard.unit),
        Key("premises", of="address", by=standard.premises),
        Key("house_number", of="address", by=standard.house_number),
    ],
    comparisons=[NAME, LOCATION, PHONE, REGISTERED, WEB],
    block=[
        ["npi"],
        ["ror"],
        ["fei"],
        ["duns"],
        ["ctep"],
        ["name"],
        # A department and its house share all of these; asking about each would bury the steward.
        ["unit", "premises"],
        ["unit", "phone"],
        ["unit", "web"],
        ["unit", "house_number", "postcode"],
        ["unit", "name_words", "postcode"],
        ["unit", "name_words", "city"],
    ],
    train=[["npi"], ["phone"], ["premises"]],
    veto=[
        Veto("kind", "An organisation, a place and a study site are linked, never merged."),
        Veto("unit", "Different departments, or a department and its house, are linked, never merged."),
        Veto("department", "Different departments are linked, never merged."),
    ],
    accept=0.99,
    review=0.60,
    # One site stands in the list of every study it takes part in.
    matches_per_record=2.0,
)
