"""Errors, named by what to do next.

    MdmError
    |-- UsageError            the command or call was wrong: correct it           (exit 2)
    |-- ConfigError           a setting or a declaration is wrong: edit the file  (exit 2)
    |   |-- DeclarationError  an entity declaration is wrong
    |   `-- BlockingError     blocking would make too many pairs, or none: change its rules
    |-- NotFoundError         there is no such thing: look at what there is       (exit 3)
    |-- ConflictError         someone or something else holds it: resolve first   (exit 4)
    |   |-- LockedError       another run or sync is at work: wait
    |   `-- ContradictionError  a live decision says otherwise: withdraw one
    |-- GateError             a limit holds the run: approve or reject it         (exit 5)
    |-- SourceError           a source did not deliver                            (exit 1)
    |   |-- UnavailableError  the source is down or busy: try again later
    |   |-- DeniedError       the source refused us: correct the credentials, never retry
    |   |-- DriftError        the source changed shape: adapt the mapping
    |   |-- DamagedError      the data is broken or hostile: ask for a new delivery
    |   |-- ShrunkError       a full delivery lost too many records: accept it or ask
    |   `-- FullReconcileRequired  the cursor is older than the source remembers: read all again
    |-- EngineError           Spark did not do its part: read its log, then run again  (exit 1)
    |-- MigrationError        the hub's schema is not the rules': run `mdm migrate`  (exit 1)
    `-- LedgerError           a sum does not hold: a row was lost or invented     (exit 1)

A message says what, which, and what now. It never holds a secret or a sensitive value.
"""


class MdmError(Exception):
    """Root of every error this framework raises on purpose."""

    exit_code = 1


class UsageError(MdmError):
    """A command or call was used wrongly."""

    exit_code = 2


class ConfigError(MdmError):
    """A setting cannot be used as it is written."""

    exit_code = 2


class DeclarationError(ConfigError):
    """An entity declaration contradicts itself."""


class BlockingError(ConfigError):
    """The blocking rules would make more pairs than the limit, or find nobody at all."""


class NotFoundError(MdmError):
    """Something was named that does not exist."""

    exit_code = 3


class ConflictError(MdmError):
    """Someone else holds it, or it changed meanwhile."""

    exit_code = 4


class LockedError(ConflictError):
    """Another run or sync holds the lock."""


class ContradictionError(ConflictError):
    """A live decision says the opposite."""


class GateError(MdmError):
    """A limit holds the run back until a person answers."""

    exit_code = 5


class SourceError(MdmError):
    """A source did not deliver what it should."""


class UnavailableError(SourceError):
    """The source is down or busy; the same call may succeed later."""

    def __init__(self, message: str, *, retry_after: float | None = None):
        super().__init__(message)
        self.retry_after = retry_after


class DeniedError(SourceError):
    """The source refused the credentials; retrying would lock the account.

    `rights` says that it knows us well, and that only this one thing is not for us.
    """

    rights = False


class DriftError(SourceError):
    """The source changed its shape under a mapping."""


class DamagedError(SourceError):
    """The delivered data is broken, truncated or hostile."""


class ShrunkError(SourceError):
    """A full delivery is so much smaller that deletion would be rash."""


class FullReconcileRequired(SourceError):
    """The cursor is older than the source keeps its tombstones."""


class EngineError(MdmError):
    """Spark broke off; nothing was published."""


class MigrationError(MdmError):
    """The hub's tables are not those of the rules."""


class LedgerError(MdmError):
    """A sum does not hold: a stage lost or invented a row."""
