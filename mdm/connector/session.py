"""A session with a source: begun when it is first needed, renewed once for a call, and never asked for again once refused.

A refused login is never repeated, for that could lock the account; nor do the source's other streams try it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from mdm.errors import DeniedError, SourceError

if TYPE_CHECKING:
    from mdm.connector.contract import Context

S = TypeVar("S")
T = TypeVar("T")


class SessionExpired(SourceError):
    """The session is over; a new one may be asked for, once."""


@dataclass
class Session(Generic[S]):
    """What `begin` gives is what a source lets us in with (an id, a token); calls are made within it."""

    source: str
    context: "Context" = field(repr=False)
    begin: Callable[[], S] = field(repr=False)
    _held: S | None = field(default=None, repr=False)
    _denied: DeniedError | None = field(default=None, repr=False)

    def login(self) -> S:
        """A new session; who was denied once is denied again without being asked for."""
        if self._denied is not None:
            raise self._denied
        try:
            self._held = self.begin()
        except DeniedError as error:
            # It is about who we are, and not about one thing.
            error.rights, self._denied = False, error
            raise
        return self._held

    def within(self, call: Callable[[S], T]) -> T:
        """The call's result; it raises SessionExpired when the source says that the session is over."""
        held = self._held if self._held is not None else self.login()
        try:
            return call(held)
        except SessionExpired:
            self.context.log.info("session expired, logging in again", extra={"source": self.source})
        try:
            return call(self.login())
        except SessionExpired:
            raise DeniedError(
                f"source {self.source!r}: a new session is refused as well; ask the source's administrator about this user"
            ) from None
