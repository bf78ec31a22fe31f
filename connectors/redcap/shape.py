"""What a row of a REDCap export is: a record, in an event, in an instance of a repeating instrument.

The same for every way a row can arrive: by the API, in a CSV export, in a project's XML.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl

from mdm.connector import StreamRequest, joined_key
from mdm.errors import ConfigError, DriftError

EVENT, INSTRUMENT, INSTANCE = "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"
GROUP = "redcap_data_access_group"
PLACES = (EVENT, INSTRUMENT, INSTANCE)


@dataclass(frozen=True)
class Form:
    """One instrument: its name, whether it repeats by itself, and the events it belongs to (None: any)."""

    name: str
    repeats: bool = False
    events: Collection[str] | None = None


def key_of(request: StreamRequest, id_field: str, columns: Sequence[str]) -> tuple[str, ...]:
    """The fields that make a row's key: those asked for, else the record and every place a row can have."""
    return request.key or (id_field, *(name for name in PLACES if name in columns))


def rows_of(frame: pl.DataFrame, form: Form | None) -> pl.DataFrame:
    """The rows that belong to an instrument; all rows when none is chosen."""
    if form is None:
        return frame
    if INSTRUMENT in frame.columns:
        # An event that repeats as a whole has instances without an instrument.
        frame = frame.filter(pl.col(INSTRUMENT) == (form.name if form.repeats else ""))
    if EVENT in frame.columns and form.events is not None:
        frame = frame.filter(pl.col(EVENT).is_in(list(form.events)))
    return frame


def told_apart(frame: pl.DataFrame, key: Sequence[str], where: str) -> None:
    """Refuse a key that two rows share: one of them would be lost."""
    wanted = [frame.columns[0], *(name for name in PLACES if name in frame.columns)] if frame.width else []
    # Rows that even the whole key does not tell apart are one row said twice.
    if frame.is_empty() or set(wanted) <= set(key) or not set(key) <= set(frame.columns):
        return
    if frame.select(key).is_duplicated().any():
        raise ConfigError(
            f"{where}: two rows have the same key ({', '.join(key)}); set key = {wanted}, or choose one instrument with "
            "`instrument`"
        )


@dataclass
class Rooms:
    """Where rows have been seen: the events and instruments, and the highest instance of each.

    A record's deletion is told by its id alone; with this, every row it may have had can be told as deleted.
    """

    highest: dict[tuple[str, str], int]

    @classmethod
    def of(cls, state: Sequence[Sequence[object]]) -> "Rooms":
        """As it was written down."""
        return cls({(str(event), str(form)): int(str(top)) for event, form, top in state})

    @property
    def state(self) -> list[list[object]]:
        """To write down."""
        return [[event, form, top] for (event, form), top in sorted(self.highest.items())]

    def saw(self, frame: pl.DataFrame) -> None:
        """Remember where these rows stand."""
        spots = frame.select(
            _text(frame, EVENT), _text(frame, INSTRUMENT), _text(frame, INSTANCE).cast(pl.Int64, strict=False).fill_null(0)
        )
        for event, form, top in spots.group_by(EVENT, INSTRUMENT).agg(pl.col(INSTANCE).max()).iter_rows():
            self.highest[event, form] = max(top, self.highest.get((event, form), 0))

    def keys(self, record: str, id_field: str, key: Sequence[str]) -> list[str]:
        """The key of every row a record may have had."""
        found: dict[str, None] = {}
        for (event, form), top in sorted(self.highest.items()):
            for instance in range(1, top + 1) if top else ("",):
                spot = {id_field: record, EVENT: event, INSTRUMENT: form, INSTANCE: str(instance)}
                found[joined_key([spot[name] for name in key])] = None
        return list(found)


def _text(frame: pl.DataFrame, name: str) -> pl.Expr:
    there = pl.col(name).cast(pl.String).fill_null("") if name in frame.columns else pl.lit("", pl.String)
    return there.alias(name)


def deletable(key: Sequence[str], id_field: str, where: str) -> None:
    """Refuse a key that the log of deletions does not tell."""
    strange = [name for name in key if name not in (id_field, *PLACES)]
    if strange:
        raise ConfigError(
            f"{where}: the log of deletions does not tell {strange[0]!r}; take it out of key, or set deletions = false"
        )


def require(columns: Sequence[str], key: Sequence[str], where: str) -> None:
    """Refuse rows that lack a field of the key."""
    missing = [name for name in key if name not in columns]
    if missing and columns:
        raise DriftError(f"{where}: there is no field {missing[0]!r} (key); correct `key`, or ask what became of the field")
