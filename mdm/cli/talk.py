"""How commands talk: data on stdout, everything else on stderr, errors in three parts.

A table is drawn for a person at a terminal and written as tab-separated lines for a pipe; `--json` prints one document.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

JSON = typer.Option("--json", help="Print one JSON document.")
REASON = typer.Option("--reason", "-r", help="Why; kept with the event.")
_EMPTY = "-"


def out() -> Console:
    """Where data goes."""
    return Console(file=sys.stdout, soft_wrap=True, highlight=False)


def err() -> Console:
    """Where talk goes."""
    return Console(file=sys.stderr, soft_wrap=True, highlight=False)


def say(text: str, style: str | None = None) -> None:
    """One line of talk."""
    err().print(escape(text), style=style)


def done(text: str) -> None:
    """What was achieved."""
    say(text, "green")


def data(text: str) -> None:
    """One line of data."""
    sys.stdout.write(f"{text}\n")


def document(value: Any) -> None:
    """One JSON document."""
    data(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None, default=_plain))


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, title: str | None = None) -> None:
    """Rows for a person, or for a pipe."""
    rows = list(rows)
    if not sys.stdout.isatty():
        data("\t".join(columns))
        for row in rows:
            data("\t".join(_cell(row.get(c), "").replace("\t", " ").replace("\n", " ") for c in columns))
        return
    drawn = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        drawn.add_column(column.replace("_", " "), overflow="fold", justify="right" if _numbers(rows, column) else "left")
    for row in rows:
        drawn.add_row(*(escape(_cell(row.get(c), _EMPTY)) for c in columns))
    Console(file=sys.stdout, highlight=False).print(drawn)


def rows(found: Iterable[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, title: str | None = None) -> None:
    """Rows as a table, or as one document."""
    found = [dict(row) for row in found]
    if as_json:
        document([{c: row.get(c) for c in columns} for row in found])
    else:
        table(found, columns, title=title)


def age(at: datetime | None) -> str:
    """How long ago, in words."""
    if at is None:
        return "never"
    seconds = (datetime.now(UTC) - (at if at.tzinfo else at.replace(tzinfo=UTC))).total_seconds()
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {word}{'s' if count > 1 else ''} ago"
    return "just now"


def failed(message: str, *, name: str, code: int, as_json: bool) -> int:
    """Say what went wrong and what to do; returns the exit code."""
    what, _, hint = message.partition("; ")
    if as_json:
        document({"error": {"code": name, "message": what, "hint": hint or None, "exit": code}})
    else:
        err().print(f"[bold red]error:[/] {escape(message)}")
    return code


def debugging() -> bool:
    """A person asked for tracebacks."""
    return os.environ.get("MDM_DEBUG", "") not in ("", "0")


def _cell(value: Any, empty: str) -> str:
    if value is None or value == "":
        return empty
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat(sep=" ", timespec="seconds")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return str(value)


def _numbers(found: Sequence[Mapping[str, Any]], column: str) -> bool:
    values = [row.get(column) for row in found if row.get(column) is not None]
    return bool(values) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
