"""Excel workbooks, read as text: ids keep what the cell shows of them."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

import fastexcel
import numpy as np
import polars as pl

from connectors.files.delimited import Batch, named
from connectors.files.part import Part, blocks
from mdm.connector import Options
from mdm.errors import ConfigError, DamagedError

# A workbook is read as a whole; a million rows, the most a sheet can have, stay well below this.
LARGEST = 4 << 30
# How many rows of titles a report may have above its header.
TITLES = 30
OLD = b"\xd0\xcf\x11\xe0"


def is_workbook(head: bytes) -> bool:
    """Whether these first bytes are an Excel workbook's."""
    return head.startswith((b"PK\x03\x04", OLD))


def rows(part: Part, options: Options, notices: list[str], after: int = 0, key: Sequence[str] = ()) -> Iterator[Batch]:
    """The rows of a sheet, numbered as Excel numbers them; titles above the row that names the key are passed over."""
    data = b"".join(blocks(part, options))
    _harmless(part, data, options)
    cells = _cells(part, data, options)
    if not cells.height:
        return
    header = options["header"]
    top = options["skip"] + _first_row(cells.slice(options["skip"]))
    if header is True:
        top = _titled(cells, top, key, notices, part.label)
        labels = ["" if value is None else str(value) for value in cells.row(top)]
        names, told = named(labels, f"{part.label} row {top + 1}")
        notices += told
        top += 1
    else:
        names = list(header or [f"column_{at}" for at in range(1, cells.width + 1)])
    body = cells.slice(top).with_columns(pl.all().fill_null(""))
    body.columns = names
    numbers = np.arange(top + 1, cells.height + 1)
    filled = body.select(pl.any_horizontal(pl.all().str.len_bytes() > 0)).to_series().to_numpy() & (numbers > after)
    yield Batch(body.filter(pl.Series(filled)), numbers[filled], [])


def _cells(part: Part, data: bytes, options: Options) -> pl.DataFrame:
    try:
        book = fastexcel.read_excel(data)
        names = book.sheet_names
        wanted = options["sheet"] or names[0]
        if wanted not in names:
            raise ConfigError(f"{part.label}: has no sheet {wanted!r}; there are {', '.join(map(repr, names))}")
        sheet: Any = book.load_sheet(wanted, header_row=None, dtypes="string", skip_rows=0)
        return sheet.to_polars()
    except fastexcel.FastExcelError as error:
        raise DamagedError(
            f"{part.label}: cannot be read as an Excel workbook ({str(error).splitlines()[0][:200]}); ask for a new delivery"
        ) from None


def _first_row(cells: pl.DataFrame) -> int:
    """The first row that holds anything."""
    filled = cells.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    return int(filled.arg_max() or 0)


def _titled(cells: pl.DataFrame, top: int, key: Sequence[str], notices: list[str], label: str) -> int:
    """The row of the header: the first that names the key, if the first filled one does not."""
    for at in range(top, min(top + TITLES, cells.height)):
        names = {str(value).strip() for value in cells.row(at) if value is not None}
        if key and names.issuperset(key):
            if at != top:
                notices.append(f"{label} rows {top + 1} to {at}: stand above the header, and were passed over")
            return at
    return top


def _harmless(part: Part, data: bytes, options: Options) -> None:
    """Refuse a workbook that unpacks to more than the limits allow, before it is unpacked."""
    if data.startswith(OLD):
        return
    try:
        total = sum(info.file_size for info in zipfile.ZipFile(io.BytesIO(data)).infolist())
    except zipfile.BadZipFile as error:
        raise DamagedError(f"{part.label}: the workbook is cut off or damaged ({error}); ask for a new delivery") from None
    if total > min(options["max_bytes"], LARGEST) or total > max(len(data) * options["max_ratio"], 1 << 20):
        raise DamagedError(
            f"{part.label}: unpacks to {total:,} bytes, as a zip bomb does; raise max_ratio or max_bytes if that is right"
        )
