"""States, provinces and territories of the United States and Canada, and the shortenings of its addresses."""

_REGIONS = """
AL Alabama|Ala
AK Alaska
AZ Arizona|Ariz
AR Arkansas|Ark
CA California|Calif|Cal
CO Colorado|Colo
CT Connecticut|Conn
DE Delaware|Del
DC District of Columbia|Washington DC|Washington D C
FL Florida|Fla
GA Georgia
HI Hawaii
ID Idaho
IL Illinois|Ill
IN Indiana|Ind
IA Iowa
KS Kansas|Kans
KY Kentucky
LA Louisiana
ME Maine
MD Maryland
MA Massachusetts|Mass
MI Michigan|Mich
MN Minnesota|Minn
MS Mississippi|Miss
MO Missouri
MT Montana|Mont
NE Nebraska|Nebr|Neb
NV Nevada|Nev
NH New Hampshire
NJ New Jersey
NM New Mexico
NY New York|New York State
NC North Carolina
ND North Dakota
OH Ohio
OK Oklahoma|Okla
OR Oregon|Ore
PA Pennsylvania|Penn|Penna
RI Rhode Island
SC South Carolina
SD South Dakota
TN Tennessee|Tenn
TX Texas|Tex
UT Utah
VT Vermont
VA Virginia
WA Washington|Wash|Washington State
WV West Virginia
WI Wisconsin|Wis|Wisc
WY Wyoming|Wyo
AS American Samoa
GU Guam
MP Northern Mariana Islands
PR Puerto Rico
VI Virgin Islands|US Virgin Islands
AA Armed Forces Americas
AE Armed Forces Europe
AP Armed Forces Pacific
AB Alberta
BC British Columbia
MB Manitoba
NB New Brunswick
NL Newfoundland and Labrador|Newfoundland
NS Nova Scotia
NT Northwest Territories
NU Nunavut
ON Ontario
PE Prince Edward Island
QC Quebec|Québec
SK Saskatchewan
YT Yukon|Yukon Territory
"""

# The suffixes are those of USPS Publication 28, appendix C, as far as they are met; a word that stands for
# nothing is dropped: "Suite 300", "Ste. 300" and "# 300" differ in nothing but the word.
_STREET_WORDS = """
aly: alley
ave: avenue av aven avenida avnue
blvd: boulevard bd boul boulv
bldg: building bld edificio
brg: bridge
byp: bypass
cir: circle circ
ct: court
ctr: center centre
cv: cove
cyn: canyon
dept: department
dr: drive driv drv
expy: expressway expwy
fl: floor flr
fwy: freeway
gdns: gardens
gln: glen
hbr: harbor harbour
hts: heights
hwy: highway hiway
is: island
jct: junction
lk: lake
ln: lane
lndg: landing
mdws: meadows
ml: mill
mt: mount
mtn: mountain
pike: turnpike tpke
pkwy: parkway pky pkway
pl: place
plz: plaza
pt: point
rd: road
rdg: ridge
rte: route
sq: square
st: street saint str strasse strase
sta: station
ter: terrace terr
trl: trail
vly: valley
xing: crossing
n: north
s: south
e: east
w: west
ne: northeast
nw: northwest
se: southeast
sw: southwest
1st: first
2nd: second
3rd: third
4th: fourth
5th: fifth
6th: sixth
7th: seventh
8th: eighth
9th: ninth
10th: tenth
"""
_UNIT_WORDS = "suite ste unit apartment apt room rm no number nr num"


def regions() -> dict[str, str]:
    """The code behind every code and name of a state or province."""
    known: dict[str, str] = {}
    for line in _REGIONS.strip().splitlines():
        code, names = line.split(" ", 1)
        known |= dict.fromkeys([code, *names.split("|")], code)
    return known


def street_words() -> dict[str, str]:
    """What each word of an address line is compared as."""
    lines = (line.partition(":") for line in _STREET_WORDS.strip().splitlines())
    short = {word: kept for kept, _, words in lines for word in words.split()}
    return short | dict.fromkeys(_UNIT_WORDS.split(), "")
