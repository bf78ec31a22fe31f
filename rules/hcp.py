"""The healthcare professional: one golden record per person licensed to practise or taking part in a trial."""

from datetime import date

import splink.comparison_level_library as cll
import splink.comparison_library as cl

from mdm import Attribute, Collection, Entity, Key, Link, Veto, checks, hard, identifiers, standard, survivorship, with_compatible

# Who the person is: the register examined the licence, the master was verified, the others typed.
IDENTITY = survivorship.by_role("register", "master", "crm", "edc", "file")
# Where the person is found: registers are renewed once in years, so whoever spoke last knows best.
CONTACT = survivorship.recent

STATUSES = ("active", "inactive", "retired", "deceased", "suspended")
LICENCE_STATUSES = ("active", "inactive", "expired", "suspended", "revoked", "pending")

# Words that many unrelated families share.
PARTICLES = "al bin da das de del den der di do dos el ibn la las le los san santa st ten ter van von y zu zur".split()

GIVEN_NAME = cl.CustomComparison(
    output_column_name="given_name",
    comparison_levels=[
        cll.NullLevel("given_name"),
        cll.ExactMatchLevel("given_name", term_frequency_adjustments=True),
        cll.CustomLevel("given_name_l = family_name_r and family_name_l = given_name_r", "given and family name swapped"),
        cll.ExactMatchLevel("known_as").configure(label_for_charts="short form of the same given name"),
        cll.CustomLevel(
            "given_initial_l = given_initial_r and least(length(given_name_l), length(given_name_r)) = 1",
            "initial of the given name",
        ),
        cll.Or(
            cll.JaroWinklerLevel("given_name", 0.92),
            cll.And(
                cll.DamerauLevenshteinLevel("given_name", 1), cll.CustomLevel("least(length(given_name_l), length(given_name_r)) > 3")
            ),
        ).configure(label_for_charts="given names spelt alike"),
        cll.CustomLevel("given_initial_l = given_initial_r", "given names start alike"),
        cll.ElseLevel(),
    ],
).configure(
    m_probabilities=[0.77, 0.01, 0.08, 0.05, 0.05, 0.03, 0.01],
    u_probabilities=[0.006, 0.00003, 0.005, 0.006, 0.006, 0.05, 0.92697],
)

FAMILY_NAME = cl.CustomComparison(
    output_column_name="family_name",
    comparison_levels=[
        cll.NullLevel("family_name"),
        cll.ExactMatchLevel("family_name", term_frequency_adjustments=True),
        cll.CustomLevel("given_name_l = family_name_r and family_name_l = given_name_r", "given and family name swapped"),
        # Double surnames lose a part, and marriages add one.
        cll.ArrayIntersectLevel("family_words", 1).configure(label_for_charts="a family name in common"),
        cll.DamerauLevenshteinLevel("family_name", 1),
        # No looser level: families of one country share their beginnings, which this measure loves.
        cll.JaroWinklerLevel("family_name", 0.95),
        cll.ElseLevel(),
    ],
).configure(
    m_probabilities=[0.87, 0.01, 0.04, 0.04, 0.01, 0.03],
    u_probabilities=[0.001, 0.00003, 0.001, 0.0004, 0.0003, 0.99727],
)

MIDDLE_NAME = cl.CustomComparison(
    output_column_name="middle_name",
    comparison_levels=[
        cll.NullLevel("middle_name"), cll.ExactMatchLevel("middle_name"),
        cll.CustomLevel(
            "middle_initial_l = middle_initial_r and least(length(middle_name_l), length(middle_name_r)) = 1",
            "initial of the middle name",
        ),
        cll.ElseLevel().configure(label_for_charts="middle names conflict"),
    ],
).configure(m_probabilities=[0.5, 0.44, 0.06], u_probabilities=[0.02, 0.06, 0.92])

NPI = cl.CustomComparison(
    output_column_name="npi",
    comparison_levels=[
        cll.NullLevel("npi"),
        # A frequent NPI is a group's, typed where a person's belongs; its frequency takes the weight away. Not all of it: a
        # person's own records make a number frequent too.
        cll.ExactMatchLevel("npi", term_frequency_adjustments=True).configure(tf_adjustment_weight=0.7, fix_u_probability=True),
        cll.DamerauLevenshteinLevel("npi", 1),
        cll.ElseLevel(),
    ],
).configure(m_probabilities=[0.97, 0.015, 0.015], u_probabilities=[0.00001, 0.00001, 0.99998])

EMAIL = cl.CustomComparison(
    output_column_name="email",
    comparison_levels=[
        cll.NullLevel("email"),
        cll.ExactMatchLevel("email", term_frequency_adjustments=True).configure(tf_adjustment_weight=0.7, fix_u_probability=True),
        # No looser level: an address is made of the name, which has had its say, and begins with the initial.
        cll.And(cll.LevenshteinLevel("email", 1), cll.CustomLevel("substr(email_l, 1, 1) = substr(email_r, 1, 1)")),
        cll.ElseLevel(),
    ],
).configure(m_probabilities=[0.7, 0.03, 0.27], u_probabilities=[0.00005, 0.00005, 0.9999])

# Colleagues share a telephone and people have several: a weak witness for, and hardly one against. At one address it is
# likely the practice's, and the address has had its say.
PHONE = cl.CustomComparison(
    output_column_name="phone",
    comparison_levels=[
        cll.NullLevel("phone"),
        cll.And(cll.ExactMatchLevel("phone"), cll.ExactMatchLevel("address"), cll.ExactMatchLevel("city")).configure(
            label_for_charts="one telephone at one address", fix_m_probability=True, fix_u_probability=True
        ),
        cll.ExactMatchLevel("phone", term_frequency_adjustments=True),
        cll.ElseLevel(),
    ],
).configure(m_probabilities=[0.4, 0.1, 0.5], u_probabilities=[0.03, 0.001, 0.969])

NO_LOCATION = (
    "(address_l is null or address_r is null) and (postcode_l is null or postcode_r is null) and (city_l is null or city_r is null)"
)

# One comparison: address, postcode and city say the same thing three times, and where nobody states them, so does the area
# of two telephones.
LOCATION = cl.CustomComparison(
    output_column_name="location",
    comparison_levels=[
        cll.CustomLevel(
            f"{NO_LOCATION} and (phone_l is null or phone_r is null or phone_l = phone_r)", "no location to compare"
        ).configure(is_null_level=True),
        cll.And(cll.ExactMatchLevel("address"), cll.ExactMatchLevel("postcode")),
        cll.And(cll.JaroWinklerLevel("address", 0.9), cll.Or(cll.ExactMatchLevel("postcode"), cll.ExactMatchLevel("city"))),
        cll.CustomLevel("(address_l is null or address_r is null) and postcode_l = postcode_r", "same postcode, address unknown"),
        cll.ExactMatchLevel("postcode").configure(label_for_charts="same postcode, another address"),
        cll.ExactMatchLevel("city", term_frequency_adjustments=True),
        cll.CustomLevel(f"{NO_LOCATION} and phone_area_l = phone_area_r", "no location known, telephones of one area"),
        cll.ElseLevel(),
    ],
).configure(
    m_probabilities=[0.43, 0.11, 0.11, 0.03, 0.1, 0.06, 0.16],
    u_probabilities=[0.0003, 0.0005, 0.002, 0.002, 0.008, 0.002, 0.9852],
)

# As sets: sources disagree about which is the first.
SPECIALTIES = cl.CustomComparison(
    output_column_name="specialties",
    comparison_levels=[
        cll.NullLevel("specialties"),
        cll.ExactMatchLevel("specialties"),
        cll.ArrayIntersectLevel("specialties", 1).configure(label_for_charts="a specialty in common"),
        cll.ElseLevel().configure(label_for_charts="no specialty in common"),
    ],
).configure(m_probabilities=[0.7, 0.15, 0.15], u_probabilities=[0.05, 0.02, 0.93])
# Degrees are added with the years and left out in haste, but seldom exchanged.
CREDENTIALS = cl.CustomComparison(
    output_column_name="credentials",
    comparison_levels=[
        cll.NullLevel("credentials"),
        cll.ExactMatchLevel("credentials", term_frequency_adjustments=True),
        cll.ArrayIntersectLevel("degrees", 1).configure(label_for_charts="a degree in common"),
        cll.ElseLevel().configure(label_for_charts="no degree in common"),
    ],
).configure(m_probabilities=[0.88, 0.09, 0.03], u_probabilities=[0.45, 0.1, 0.45])
GENDER = cl.ExactMatch("gender").configure(m_probabilities=[0.98, 0.02], u_probabilities=[0.5, 0.5])
# A date one digit off never joins (see the veto), but it is worth a steward's look.
BIRTH_DATE = cl.CustomComparison(
    output_column_name="birth_date",
    comparison_levels=[
        cll.NullLevel("birth_date"),
        # Known without looking: one day in forty years or so. In a sample, most equal dates are of one person.
        cll.ExactMatchLevel("birth_date").configure(fix_u_probability=True),
        cll.CustomLevel(
            "levenshtein(cast(birth_date_l as varchar), cast(birth_date_r as varchar)) = 1", "birth dates a digit apart", "duckdb"
        ),
        cll.ElseLevel(),
    ],
).configure(m_probabilities=[0.96, 0.02, 0.02], u_probabilities=[0.00006, 0.0008, 0.99914])

hcp = Entity(
    name="hcp",
    about="A person licensed to practise, or taking part in a trial; one row per person.",
    prefix="HCP",
    label="Healthcare professional",
    attributes=[
        Attribute("prefix", "Form of address: Dr, Prof.", standardise=standard.text, survive=IDENTITY, exposure="public"),
        Attribute(
            "given_name", "First name, or its initial where no more is known.", standardise=standard.name,
            checks=[checks.has_letters(), checks.never(standard.placeholder_person, error="a placeholder, not a given name")],
            compare_as=standard.folded_name, survive=IDENTITY, exposure="public",
        ),
        Attribute(
            "middle_name", "Middle names or initials.", standardise=standard.name, compare_as=standard.folded_name,
            survive=IDENTITY, exposure="public",
        ),
        Attribute(
            "family_name", "Family name without title and degree.", standardise=standard.name, required=True,
            checks=[hard(checks.has_letters())], compare_as=standard.folded_name.then(standard.without_generation),
            survive=IDENTITY, exposure="public",
        ),
        Attribute(
            "second_family_name", "Second family name, where custom has two.", standardise=standard.name,
            compare_as=standard.folded_name, survive=IDENTITY, exposure="public",
        ),
        Attribute(
            "suffix", "Generation, such as Jr, Sr or III.", standardise=standard.suffix, compare_as=standard.folded,
            survive=IDENTITY, derive=("family_name", standard.generation), exposure="public",
        ),
        Attribute(
            "credentials", "Degrees and licences as letters, such as MD, PhD.", standardise=standard.credentials,
            survive=IDENTITY, exposure="public",
        ),
        Attribute(
            "npi", "National Provider Identifier of the person (type 1), ten digits.", standardise=identifiers.npi.normal,
            checks=[checks.valid(identifiers.npi)], identifies=with_compatible("family_name"), survive=IDENTITY,
            exposure="public", label="NPI",
        ),
        Attribute(
            "orcid", "ORCID of the person, sixteen characters in groups of four.", standardise=identifiers.orcid.normal,
            checks=[checks.valid(identifiers.orcid)], identifies=with_compatible("family_name"), survive=IDENTITY,
            exposure="public", label="ORCID",
        ),
        Attribute(
            "specialty", "Primary specialty.", standardise=standard.text, compare_as=standard.specialty, survive=IDENTITY,
            exposure="public",
        ),
        Attribute(
            "specialties", "All specialties that any source names.", type=list, standardise=standard.split(";"),
            compare_as=standard.each(standard.specialty), survive=survivorship.union, exposure="public",
        ),
        Attribute(
            "birth_date", "Date of birth.", type=date, standardise=standard.date,
            checks=[checks.not_future(), checks.not_before(1900)], survive=IDENTITY, exposure="sensitive",
        ),
        Attribute(
            "gender", "Gender as the person or a source states it: male, female, other or unknown.", standardise=standard.gender,
            checks=[checks.one_of("male", "female", "other", "unknown")], survive=IDENTITY, exposure="personal",
        ),
        Attribute(
            "email", "E-mail address for business.", standardise=standard.email,
            checks=[
                checks.matches(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}", error="not an e-mail address"),
                checks.never(standard.placeholder_email, error="only filled in, nobody's e-mail address"),
            ],
            compare_as=standard.email_key, survive=CONTACT, exposure="personal", label="E-mail",
        ),
        Attribute(
            "phone", "Telephone number for business, in international form.", standardise=standard.phone,
            checks=[checks.never(standard.placeholder_phone, error="only filled in, nobody's telephone number")],
            compare_as=standard.phone_key, survive=CONTACT, exposure="personal",
        ),
        Attribute(
            "address", "Street and number of the primary practice.", standardise=standard.address,
            compare_as=standard.address_key, survive=CONTACT, group="location", exposure="business",
        ),
        Attribute(
            "city", "City of the primary practice.", standardise=standard.name, compare_as=standard.folded, survive=CONTACT,
            group="location", exposure="public",
        ),
        Attribute(
            "region", "State or province of the primary practice.", standardise=standard.region,
            compare_as=standard.region_key, survive=CONTACT, group="location", exposure="public",
        ),
        Attribute(
            "postcode", "Postcode of the primary practice.", standardise=standard.postcode, compare_as=standard.postcode_key,
            survive=CONTACT, group="location", exposure="business",
        ),
        Attribute(
            "country", "Country of the primary practice (ISO 3166-1).", standardise=standard.country, survive=CONTACT,
            checks=[checks.matches("[A-Z]{2}", error="not a country of two letters")], group="location", exposure="public",
        ),
        Attribute(
            "status", "Whether the person practises: active, inactive, retired, deceased or suspended.",
            standardise=standard.status, checks=[checks.one_of(*STATUSES)], survive=IDENTITY, exposure="public",
        ),
        Attribute(
            "opt_out", "True if the person wants no contact or no data sold; whoever says so is believed.", type=bool,
            standardise=standard.boolean, survive=survivorship.most_restrictive("true", "false"), exposure="personal",
        ),
    ],
    collections=[
        Collection(
            "licence", "A licence to practise, one row per number and state.", key=("number", "state"),
            attributes=[
                Attribute("number", "Licence number as the board writes it.", standardise=standard.code, required=True),
                Attribute("state", "State or country of the board.", standardise=standard.region),
                Attribute("type", "What is licensed, such as MD, RN or controlled substances.", standardise=standard.text),
                Attribute("status", "Standing.", standardise=standard.status, checks=[checks.one_of(*LICENCE_STATUSES)]),
                Attribute("expires_on", "Last day of validity.", type=date, standardise=standard.date),
            ],
        ),
        Collection(
            "address", "A place where the person works or receives post.", key=("line_1", "postcode"),
            attributes=[
                Attribute("line_1", "Street and number.", standardise=standard.address, required=True),
                Attribute("line_2", "Building, floor or suite.", standardise=standard.text),
                Attribute("city", "City.", standardise=standard.name),
                Attribute("region", "State or province.", standardise=standard.region),
                Attribute("postcode", "Postcode.", standardise=standard.postcode),
                Attribute("country", "Country, two letters (ISO 3166-1).", standardise=standard.country),
                Attribute("phone", "Telephone number there.", standardise=standard.phone, exposure="personal"),
                Attribute("kind", "What the address is for: practice, mailing or home.", standardise=standard.lower),
            ],
        ),
        Collection(
            "identifier", "A further identifier, such as DEA, ISNI, CTEP or a national register's.", key=("scheme", "value"),
            attributes=[
                Attribute("scheme", "Who issued it.", standardise=standard.lower, required=True),
                Attribute("value", "The identifier.", standardise=standard.text, required=True),
            ],
        ),
    ],
    links=[Link("site", to="site", about="Where the person practises or investigates; dated, with a role.")],
    keys=[
        Key("known_as", of="given_name", by=standard.given),
        Key("given_initial", of="given_name", by=standard.initial),
        Key("middle_initial", of="middle_name", by=standard.initial),
        Key("phone_area", of="phone", by=standard.prefix(5)),
        Key("degrees", of="credentials", by=standard.folded.then(standard.words())),
        Key("family_words", of="family_name", by=standard.words(without=PARTICLES)),
        Key("family_sound", of="family_name", by=standard.phonetic),
        Key("full_name", of=("given_name", "family_name"), by=standard.tokens_sorted),
    ],
    checks=[hard(checks.real_person("given_name", "family_name"))],
    comparisons=[GIVEN_NAME, FAMILY_NAME, MIDDLE_NAME, NPI, EMAIL, PHONE, LOCATION, SPECIALTIES, CREDENTIALS, GENDER, BIRTH_DATE],
    block=[
        ["npi"],
        ["orcid"],
        ["email"],
        ["full_name"],
        ["known_as", "family_words"],
        ["known_as", "phone"],
        ["known_as", "postcode"],
        ["known_as", "family_sound", "city"],
        ["known_as", "family_sound", "phone_area"],
        ["known_as", "family_sound", "specialties"],
        ["given_initial", "family_sound", "phone"],
        ["given_initial", "family_words", "phone_area"],
        ["given_initial", "family_words", "specialties"],
        ["family_words", "postcode"],
        ["birth_date", "family_sound"],
        ["birth_date", "known_as"],
    ],
    # Blocks on a place would learn "same practice" where "same person" is meant.
    train=[["npi"], ["email"], ["full_name", "birth_date"]],
    veto=[
        Veto("birth_date", "Two birth dates are two persons until a steward says otherwise."),
        Veto("suffix", "Father and son share name and practice; the generation tells them apart."),
    ],
    accept=0.99,
    review=0.60,
)
