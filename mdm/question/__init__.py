"""Questions for stewards: what a machine must not decide.

The queue is made as a whole in every run that touches anything, so that what a question says of its neighbours is true
however the data came.
"""

from mdm.question.asking import asked
from mdm.question.home import Found
from mdm.question.kind import BEGINNINGS, kind
from mdm.question.outlook import outlook

__all__ = ["BEGINNINGS", "Found", "asked", "kind", "outlook"]
