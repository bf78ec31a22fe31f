"""Keys and source times, taken from what the source said.

The key is never cleaned: leading zeros, blanks and case are the source's own.
"""

import difflib
import json
import re
from collections.abc import Sequence

import polars as pl

from mdm.connector.contract import StreamRequest
from mdm.connector.message import EXCERPT, RECORDS, Message, Notice, Records, Rejected
from mdm.connector.strict import is_strict
from mdm.errors import DriftError

_ZONED = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z")
_LOCAL = (
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %H:%M:%S%.f",
    "%m/%d/%Y %H:%M",
    "%d.%m.%Y %H:%M:%S%.f",
    "%d.%m.%Y %H:%M",
    "%Y%m%d%H%M%S",
)
_DATES = ("%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%Y/%m/%d", "%d-%b-%Y", "%d %b %Y")
_NONE = r"^[0\s:./-]*$"
_UNREADABLE = "it cannot be read as JSON: it holds half a character, no number (NaN) or one too large, or nests too deeply"
_UNSURE = "\0"
_ROUNDED = r"^-?\d+(?:\.\d+)?[eE][+-]?\d+$|^-?\d+\.\d+$"
_EPOCHS = ((r"^\d{10}$", 1_000_000), (r"^\d{13}$", 1_000))


def escaped(value: pl.Expr) -> pl.Expr:
    """One part of a key, as it is written: `|` and the escape itself escaped by `\\`."""
    return value.str.replace_all("\\", "\\\\", literal=True).str.replace_all("|", "\\|", literal=True)


def joined_key(parts: Sequence[str | None]) -> str:
    """A source key from its parts, for one record."""
    return "|".join((part or "").replace("\\", "\\\\").replace("|", "\\|") for part in parts)


def keyed(frame: pl.DataFrame, request: StreamRequest, *, position: pl.Series, where: str) -> list[Message]:
    """Records (and rejections) from a frame of text columns, one field each; the payload is made of all of them."""
    parts = [_column(frame, field, f"key field of stream {request.stream!r}", where) for field in request.key]
    modified = None if request.modified is None else _column(frame, request.modified, "modified field", where)
    payload = frame.select(pl.struct(pl.all()).struct.json_encode()).to_series()
    return _page(payload, parts, modified, position, request, tuple(frame.columns), tabular=True)


def keyed_json(
    payload: pl.Series, request: StreamRequest, *, position: pl.Series, where: str, fields: tuple[str, ...]
) -> list[Message]:
    """Records (and rejections) from JSON texts, each an object; `fields` are the top-level names seen in them."""
    parts = [_exact(payload, field, _values(payload, field, fields, where)) for field in request.key]
    modified = None if request.modified is None else _values(payload, request.modified, fields, where)
    return _page(payload, parts, modified, position, request, fields)


def _exact(payload: pl.Series, field: str, values: pl.Series) -> pl.Series:
    """The values of a key field, with a NUL for those that another reader would read in another way.

    A name that stands twice has two values, and a number too large for this machine is no longer the one that was sent.
    """
    twice = (payload.str.count_matches(_written(field)) > 1).fill_null(False)
    rounded = values.str.contains(_ROUNDED).fill_null(False)
    if not (twice.any() or rounded.any()):
        return values
    frame = pl.DataFrame({"value": values, "payload": payload, "twice": twice, "rounded": rounded})
    # A name at two places may stand in two objects; only reading the text tells.
    bad = [text for text in frame.filter("twice")["payload"] if not is_strict(text)]
    changed = pl.col("rounded") & ~pl.col("payload").str.contains(pl.col("value"), literal=True)
    wrong = changed | (pl.col("twice") & pl.col("payload").is_in(pl.Series(bad, dtype=pl.String).implode()))
    return frame.select(pl.when(wrong).then(pl.lit(_UNSURE)).otherwise("value")).to_series()


def _written(field: str) -> str:
    """How the last name on the way to a field is written in JSON."""
    names = {field, field.rpartition(".")[2]}
    return "(?:" + "|".join(sorted(re.escape(json.dumps(name, ensure_ascii=False)) for name in names)) + r")\s*:"


def _page(
    payload: pl.Series,
    parts: list[pl.Series],
    modified: pl.Series | None,
    position: pl.Series,
    request: StreamRequest,
    fields: tuple[str, ...],
    *,
    tabular: bool = False,
) -> list[Message]:
    notices: list[Message] = []
    times = pl.Series([None], dtype=pl.Int64).new_from_index(0, len(payload))
    if modified is not None:
        times, unread = source_times(modified)
        if unread:
            notices.append(Notice(_unread(unread, request.modified, position, modified, times)))
    joined = pl.DataFrame([part.alias(str(at)) for at, part in enumerate(parts)])
    frame = pl.DataFrame(
        {"source_key": _joined(joined, len(payload)), "payload": payload, "source_time": times, "position": position}
    ).with_columns(op=pl.lit("upsert"), merged_into=pl.lit(None, pl.String), reason=_reason(joined, len(payload), request.key))
    good = frame.filter(pl.col("source_key").is_not_null()).select(list(RECORDS))
    bad = frame.filter(pl.col("source_key").is_null())
    bad = bad.with_columns(reason=pl.when(_unread_by_all(bad["payload"])).then(pl.lit(_UNREADABLE)).otherwise("reason"))
    messages: list[Message] = [Records(good, fields, tabular)]
    if len(bad):
        messages.append(Rejected(bad.select("position", "reason", pl.col("payload").str.slice(0, EXCERPT).alias("excerpt"))))
    return messages + notices


def _unread_by_all(payload: pl.Series) -> pl.Series:
    """Which texts some readers of JSON refuse."""
    return payload.str.json_path_match("$").is_null()


def _reason(parts: pl.DataFrame, height: int, key: Sequence[str]) -> pl.Series:
    """Why a row would have no key, were it so."""
    names = ", ".join(key)
    empty = f"no value in the key {names}; the record cannot be told from others"
    unsure = f"the key {names} is not sure: its name stands twice, its number is too large to be exact, or it holds a NUL"
    if not parts.width:
        return pl.Series([empty]).new_from_index(0, height)
    doubted = pl.any_horizontal([pl.col(name).str.contains(_UNSURE, literal=True) for name in parts.columns])
    return parts.select(pl.when(doubted).then(pl.lit(unsure)).otherwise(pl.lit(empty))).to_series()


def _joined(parts: pl.DataFrame, height: int) -> pl.Series:
    """The written key of each row; null when every part is empty."""
    if not parts.width:
        return pl.Series([None], dtype=pl.String).new_from_index(0, height)
    filled = [pl.col(name).fill_null("") for name in parts.columns]
    # No database keeps a NUL in a text.
    clean = pl.all_horizontal([~part.str.contains(_UNSURE, literal=True) for part in filled])
    present = clean & pl.any_horizontal([part.str.strip_chars() != "" for part in filled])
    written = pl.concat_str([escaped(part) for part in filled], separator="|")
    return parts.select(pl.when(present).then(written)).to_series()


def _column(frame: pl.DataFrame, field: str, role: str, where: str) -> pl.Series:
    if field not in frame.columns:
        raise DriftError(_missing(field, role, where, frame.columns))
    return frame.get_column(field).cast(pl.String)


def _values(payload: pl.Series, field: str, fields: tuple[str, ...], where: str) -> pl.Series:
    """A field of each JSON text: an exact name wins, else dots descend."""
    values = payload.str.json_path_match(_path([field]))
    if "." in field:
        values = (
            values.to_frame("exact")
            .select(pl.coalesce("exact", pl.lit(payload).str.json_path_match(_path(field.split(".")))))
            .to_series()
        )
    # One record without its key is a bad record; a whole page of them is a source that changed.
    if len(values) > 1 and values.null_count() == len(values):
        raise DriftError(_missing(field, "key or modified field", where, list(fields)))
    return values


def _path(names: list[str]) -> str:
    return "$" + "".join("['" + name.replace("\\", "\\\\").replace("'", "\\'") + "']" for name in names)


def _missing(field: str, role: str, where: str, columns: Sequence[str]) -> str:
    return (
        f"{where}: there is no column {field!r} ({role}); the columns are {', '.join(map(repr, columns))}{_near(field, columns)}. "
        "If the source renamed it, change the stream's settings; if not, ask for a new delivery"
    )


def _near(field: str, columns: Sequence[str]) -> str:
    alike = {name.casefold(): name for name in columns}
    if len(columns) == 1:
        return " (one only: is that the right delimiter?)"
    found = difflib.get_close_matches(field.casefold(), alike, n=1, cutoff=0.8)
    return f" (did you mean {alike[found[0]]!r}?)" if found else ""


def source_times(text: pl.Series) -> tuple[pl.Series, int]:
    """Microseconds since 1970 (UTC) from written times, and how many could not be read.

    A date of nothing but zeros is none. A time without a zone is taken as UTC; 03/04/2024 is the fourth of March and
    03.04.2024 the third of April.
    """
    said = text.to_frame("text").select(pl.col("text").str.strip_chars())
    # A date of nothing but zeros is how some systems write that there is none.
    none = pl.col("text").str.contains(_NONE)
    frame = said.select(pl.when(~none).then("text").alias("text"), pl.lit(None, pl.Int64).alias("time"))
    for reading in _readings():
        open_rows = frame.select(pl.col("time").is_null() & pl.col("text").is_not_null()).to_series()
        if not open_rows.any():
            break
        frame = frame.with_columns(pl.when(open_rows).then(reading).otherwise(pl.col("time")).alias("time"))
    unread = frame.select((pl.col("time").is_null() & pl.col("text").is_not_null()).sum()).item()
    return frame.get_column("time"), int(unread)


def _readings() -> list[pl.Expr]:
    text = pl.col("text")
    micros = [text.str.to_datetime(f, strict=False, time_unit="us", exact=True).dt.epoch("us") for f in _ZONED + _LOCAL]
    days = [text.str.to_date(f, strict=False, exact=True).cast(pl.Datetime("us")).dt.epoch("us") for f in _DATES]
    epochs = [pl.when(text.str.contains(pattern)).then(text.cast(pl.Int64, strict=False) * scale) for pattern, scale in _EPOCHS]
    # Seconds and milliseconds are told by their length, before a date of eight digits could be read into them.
    return [micros[0], *epochs, *micros[1:], *days]


def _unread(count: int, field: str | None, position: pl.Series, text: pl.Series, times: pl.Series) -> str:
    bad = times.is_null() & ~text.str.contains(_NONE).fill_null(True)
    first = position.filter(bad)[0]
    shape = re.sub(r"[A-Za-z]", "a", re.sub(r"\d", "9", text.filter(bad)[0]))[:40]
    return (
        f"{first}: {field!r} is not a time that can be read (it looks like {shape!r}); {count} such values on this page "
        "have no source time and count as older than any that has one"
    )
