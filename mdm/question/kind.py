"""Kinds of question, told by how their reason begins. Pure."""

from mdm.constraint import BRIDGE, LARGE, MERGED, TIED

DOUBTFUL = "uncertain"
SHARED = "shared by many"
LOOSE = "the groups around them agree too little"
# How a reason begins never changes: readers group by it.
BEGINNINGS = {
    "doubtful": DOUBTFUL,
    "tied": TIED,
    "shared": SHARED,
    "large": LARGE,
    "bridge": BRIDGE,
    "loose": LOOSE,
    "merged": MERGED,
    "decided": "a decision keeps them apart",
    "repeated": "both hold a record of",
    "different": "different ",
}


def kind(reason: str) -> str:
    """The kind of question that a reason tells of: a key of `BEGINNINGS`."""
    return next(k for k, beginning in BEGINNINGS.items() if reason.startswith(beginning))
