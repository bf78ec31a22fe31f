"""The words the demo is made of: invented places and families, common given names, code lists.

Nobody here exists. Telephone numbers use the 555 exchange, e-mail the `.example` domain,
NPIs the prefix 2 (never issued), GTINs the prefix 952 (kept for examples).
"""

from __future__ import annotations

NICKNAMES = {
    "Robert": ("Bob", "Rob", "Bobby"),
    "William": ("Bill", "Will"),
    "Elizabeth": ("Liz", "Beth", "Betty"),
    "Katherine": ("Kate", "Kathy", "Katie"),
    "Michael": ("Mike",),
    "James": ("Jim", "Jimmy"),
    "Margaret": ("Peggy", "Maggie", "Meg"),
    "Richard": ("Rick", "Dick"),
    "Thomas": ("Tom",),
    "Jennifer": ("Jen", "Jenny"),
    "Patricia": ("Pat", "Trish"),
    "Christopher": ("Chris",),
    "Joseph": ("Joe",),
    "Daniel": ("Dan", "Danny"),
    "Matthew": ("Matt",),
    "Anthony": ("Tony",),
    "Steven": ("Steve",),
    "Andrew": ("Andy", "Drew"),
    "Susan": ("Sue", "Susie"),
    "Deborah": ("Deb", "Debbie"),
    "Rebecca": ("Becky",),
    "Edward": ("Ed", "Ted"),
    "Kenneth": ("Ken",),
    "Timothy": ("Tim",),
    "Samuel": ("Sam",),
    "Alexander": ("Alex", "Sandy"),
    "Victoria": ("Vicky", "Tori"),
    "Benjamin": ("Ben",),
    "Nicholas": ("Nick",),
    "Theresa": ("Terry", "Tess"),
    "Charles": ("Chuck", "Charlie"),
    "John": ("Jack",),
    "Abigail": ("Abby",),
    "Gregory": ("Greg",),
    "Pamela": ("Pam",),
    "Lawrence": ("Larry",),
    "José": ("Pepe",),
    "Francisco": ("Paco",),
    "Dolores": ("Lola",),
    "Johannes": ("Hans",),
}

FEMALE = (
    "Elizabeth Katherine Margaret Jennifer Patricia Susan Deborah Rebecca Victoria Theresa Abigail Pamela Anna Laura "
    "Helen Ruth Carol Diane Julia Grace Martha Irene Joyce Alice Nora Priya Mei Fatima Olga Ingrid Leila Amara Hana "
    "Sofia Clara Naomi Esther Miriam Yuki Divya"
).split()
MALE = (
    "Robert William Michael James Richard Thomas Christopher Joseph Daniel Matthew Anthony Steven Andrew Edward "
    "Kenneth Timothy Samuel Alexander Benjamin Nicholas Charles John Gregory Lawrence David Paul Mark George Peter "
    "Eric Brian Kevin Adam Henry Victor Arjun Wei Omar Ivan Kofi Tariq Hiroshi Luca Oscar Felix Simon Martin"
).split()
# Families of the United States are put together; the others carry the accents and double names.
FAMILY_HEADS = (
    "Ash Bar Bran Cal Cran Dal Dun Ed El Fair Far Gar Glen Had Hal Har Hol Ken Kil Lang Lin Lock Mar Mel Mil Nor "
    "Oak Pem Pres Quin Rad Ram Red Ros Row Sand Sel Shel Stan Sud Tal Thorn Tran Up Vaunt Wal War Wes Whit Win Wood "
    "Yar Zel Brom Crom Drax Fen Grim Hux Isk"
).split()
FAMILY_TAILS = (
    "by ton ley wick den field ford well shaw more worth bury croft gate man son ham combe dale stead hurst mere "
    "brook ridge low ingdon over stock thwaite"
).split()
_IBERIAN = (
    "Peñ Zub Lor Cárd Orej Bazt Güem Treñ Ocam Cisn Bel Arri Olv Robl Quiñ Mun".split(),
    "alver iría ente enas ón uñez iño tríz aga edo árriz era".split(),
)
FAMILY_PARTS = {
    "US": (FAMILY_HEADS, FAMILY_TAILS),
    "ES": _IBERIAN,
    "MX": _IBERIAN,
    "DE": (
        "Mühl Gött Schön Kräh Löwen Brück Jäger Weiß Ober Grün Hösel Stein".split(),
        "bach ler feld winkel hardt mann dorf mantel berger thaler".split(),
    ),
    "FR": (
        "Lefé Grand Béran Châte Dup Mont Cher Beau Gaudé Vallé Roche".split(),
        "bure champ geot lain lessy faucon ifois villiers rique noix".split(),
    ),
}
GIVEN = {
    "US": {"F": FEMALE, "M": MALE},
    "ES": {
        "F": "Dolores Lucía Sofía Inés Begoña Pilar Nuria Rocío Marta Aitana Elvira Carmen".split(),
        "M": "José Francisco Íñigo Andrés Joaquín Raúl Álvaro Sergio Pablo Héctor Rubén Martín".split(),
    },
    "MX": {
        "F": "Dolores Ximena Sofía Guadalupe Itzel Renata Paloma Yolanda Mónica Araceli".split(),
        "M": "José Francisco Ángel Ramón Emilio Rodrigo Gerardo Efraín Hugo Saúl Iván".split(),
    },
    "DE": {
        "F": "Käthe Annelie Heike Ulrike Sabine Greta Birgit Frauke Antje Jördis".split(),
        "M": "Johannes Jürgen Götz Matthäus Dieter Uwe Klaus Björn Lothar Sören".split(),
    },
    "FR": {
        "F": "Hélène Chloé Aurélie Zoé Margaux Odile Solène Maëlle Camille Édith".split(),
        "M": "Étienne François Rémi Benoît Loïc Gaël Pascal Thibault Rénald Cédric".split(),
    },
}

# (city, state, first three digits of the ZIP code, area code)
CITIES = (
    ("Larkmoor", "OH", "452", "513"),
    ("Port Ashby", "FL", "331", "305"),
    ("Elmsworth", "NY", "142", "716"),
    ("Redcliff", "CO", "802", "303"),
    ("Fairhaven Mills", "MA", "021", "617"),
    ("Oakdale Springs", "TX", "787", "512"),
    ("Millbrook", "IL", "606", "312"),
    ("Quarry Point", "PA", "191", "215"),
    ("Stanwick", "WA", "981", "206"),
    ("Westhollow", "CA", "941", "415"),
    ("Brantley", "GA", "303", "404"),
    ("Cedar Reach", "NC", "277", "919"),
    ("Dunmere", "MN", "554", "612"),
    ("Harrow Creek", "AZ", "850", "602"),
    ("Kilburn Heights", "MI", "481", "734"),
    ("Lockhaven", "MO", "631", "314"),
    ("Marlow", "TN", "372", "615"),
    ("Northgate", "MD", "212", "410"),
    ("Pemberly", "VA", "232", "804"),
    ("Rowan Falls", "OR", "972", "503"),
    ("Saltmarsh", "SC", "294", "843"),
    ("Thornbury", "WI", "532", "414"),
    ("Vaunton", "IN", "462", "317"),
    ("Windrush", "KY", "402", "502"),
    ("Yarrow", "UT", "841", "801"),
    ("Aldersgate", "AL", "352", "205"),
    ("Bramhall", "LA", "701", "504"),
    ("Crestline", "NV", "891", "702"),
    ("Dovecote", "IA", "503", "515"),
    ("Eastmere", "CT", "065", "203"),
)
ABROAD = {
    "ES": (("Villarreina", "MD", "281", "91"), ("Santa Bríxida", "CT", "081", "93")),
    "MX": (("San Jacinto del Valle", "CMX", "031", "55"), ("Puerto Ámbar", "JAL", "441", "33")),
    "DE": (("Brückenau am See", "BY", "806", "89"), ("Neuhüttenstadt", "BE", "101", "30")),
    "FR": (("Saint-Éloi-sur-Vère", "IDF", "750", "1"), ("Montclairval", "ARA", "690", "4")),
}
COUNTRY_NAMES = {"US": "United States", "ES": "Spain", "MX": "Mexico", "DE": "Germany", "FR": "France"}
DIALLING = {"US": "1", "ES": "34", "MX": "52", "DE": "49", "FR": "33"}

STREETS = (
    "Alder Birch Cedar Dogwood Elm Foxglove Garnet Hawthorn Ironwood Juniper Kestrel Linden Magnolia Nettle Orchard "
    "Poplar Quarry Rowan Sycamore Tanner Union Vesper Willow Yew Mill Harbor Station Chapel Market Prospect"
).split()
STREET_KINDS = (("Street", "St"), ("Avenue", "Ave"), ("Road", "Rd"), ("Boulevard", "Blvd"), ("Drive", "Dr"), ("Lane", "Ln"))
SAINTS = "Maren Aldous Brigid Cuthbert Dymphna Elara Fintan Oswin Petroc Winifred".split()
SITE_KINDS = (
    "General Hospital",
    "Medical Center",
    "University Hospital",
    "Community Hospital",
    "Regional Medical Center",
    "Cancer Center",
    "Heart Institute",
    "Children's Hospital",
    "Clinical Research Institute",
    "Veterans Clinic",
)
PRACTICE_KINDS = (
    "Family Practice",
    "Cardiology Associates",
    "Oncology Group",
    "Neurology Partners",
    "Orthopedic Clinic",
    "Internal Medicine Associates",
    "Dermatology Clinic",
    "Research Associates",
    "Gastroenterology Group",
)
DEPARTMENTS = ("Cardiology", "Oncology", "Neurology", "Pharmacy", "Radiology", "Pediatrics", "Surgery")
ABBREVIATIONS = (
    ("University", "Univ"),
    ("Hospital", "Hosp"),
    ("Medical Center", "Med Ctr"),
    ("Saint", "St."),
    ("Institute", "Inst"),
    ("Department of", "Dept of"),
    ("Associates", "Assoc"),
    ("Regional", "Reg'l"),
    ("Community", "Comm"),
    ("Clinic", "Clin"),
)

# Specialty, its taxonomy code in the register, and its name in the master.
SPECIALTIES = (
    ("Cardiology", "207RC0000X", "cardiology__c"),
    ("Oncology", "207RH0003X", "oncology__c"),
    ("Neurology", "2084N0400X", "neurology__c"),
    ("Internal Medicine", "207R00000X", "internal_medicine__c"),
    ("Family Medicine", "207Q00000X", "family_medicine__c"),
    ("Dermatology", "207N00000X", "dermatology__c"),
    ("Pediatrics", "208000000X", "pediatrics__c"),
    ("Rheumatology", "207RR0500X", "rheumatology__c"),
    ("Endocrinology", "207RE0101X", "endocrinology__c"),
    ("Gastroenterology", "207RG0100X", "gastroenterology__c"),
    ("Nephrology", "207RN0300X", "nephrology__c"),
    ("Pulmonology", "207RP1001X", "pulmonology__c"),
    ("Psychiatry", "2084P0800X", "psychiatry__c"),
    ("Surgery", "208600000X", "surgery__c"),
    ("Ophthalmology", "207W00000X", "ophthalmology__c"),
    ("Infectious Disease", "207RI0200X", "infectious_disease__c"),
)
CREDENTIALS = (("MD", 66), ("DO", 10), ("PharmD", 6), ("NP", 8), ("RN", 6), ("MD PhD", 4))

PLACEHOLDERS = (
    ("Central", "Contact"),
    ("Study", "Coordinator"),
    ("Clinical Trials", "Office"),
    ("Test", "User"),
    ("Site", "Contact"),
    ("Unknown", "Investigator"),
)

SUBSTANCE_HEADS = "vel zar bri tor lem nov pax rid sul tav ost mir kel dar fen gol hev jul cam ald".split()
SUBSTANCE_MIDDLES = "o a i e u".split()
SUBSTANCE_TAILS = "tinib mecaine statin prazole sartan pril floxacin mab cillin dipine gliptin zosin triptan".split()
SALTS = ("hydrochloride", "mesylate", "sodium", "maleate", "sulfate", "tartrate")
# (dose form, short form of the ERP, long form of the regulator, route)
FORMS = (
    ("tablet", "TAB", "TABLET, FILM COATED", "oral"),
    ("capsule", "CAP", "CAPSULE", "oral"),
    ("injection, solution", "INJ SOLN", "INJECTION, SOLUTION", "intravenous"),
    ("oral solution", "ORAL SOLN", "SOLUTION", "oral"),
    ("cream", "CREAM", "CREAM", "topical"),
)
MAKERS = (
    ("Aldermoor Pharmaceuticals Inc.", "Aldermoor Pharma"),
    ("Brightwell Laboratories Ltd", "Brightwell Labs"),
    ("Corvane GmbH", "CORVANE"),
    ("Dellinger Biotech, Inc", "Dellinger Biotech"),
    ("Estuary Generics LLC", "Estuary Generics"),
    ("Farrowgate S.A.", "Farrowgate SA"),
    ("Glenmarch Therapeutics plc", "Glenmarch"),
    ("Hüttenberg AG", "Huettenberg AG"),
)
# (storage condition, as the regulator writes it, as the ERP does)
STORAGES = (
    ("2-8 C", "2-8 °C", "refrigerate at 2 to 8 C"),
    ("15-25 C", "15-25 °C", "store at 15 to 25 C"),
    ("-20 C", "-20 °C", "frozen, -20 C"),
)
