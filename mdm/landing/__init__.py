"""Landing's books: what is landed, how far it has come, what was counted, and the deletions that wait for a verdict."""

from mdm.landing.declared import Declared
from mdm.landing.delivery import Delivery, Landing

__all__ = ["Declared", "Delivery", "Landing"]
