"""Text of every kind for the laws of standardisers: any characters, and the words that rules look for, in any order."""

from hypothesis import strategies as st

_FRAGMENTS = """
Dr. M.D. ph d PhD md van der de la MC O'BRIEN bob st ste suite p o box no # health care the of inc co sa S.p.A. eq 500 mg
/ ml 5 0.5 % ; , and + +1 (0) ext x 12 308 8652512 @gmail.com a.b+c @ http:// www. X.ORG - -- 1234 5678 90 NDC (01) tablet
film coated release delayed oral iv injection hcl sodium chloride na N/A İ ß ﬁ ǆ µ ° ς Σ ． １２ Jr. III ii ** ( ) base usp
unit per in 00 011 1 ŉ for suspension D- 80331 gel soft pre filled to million 's ’S kg g Straße strase str <a@b.c> mailto:
:80 ?q Nurse Practitioner MCO VAN DER
""".split()
_SPACES = ["", " ", " ", "  ", ", ", "-", ".", "\t", "\n", "\x00", "\u200b", "\u0301"]


def texts() -> st.SearchStrategy[str]:
    """Any text, and texts made of the words that the rules know."""
    pieces = st.tuples(st.sampled_from(_FRAGMENTS), st.sampled_from(_SPACES)).map("".join)
    return st.text(max_size=30) | st.lists(pieces, max_size=9).map("".join)
