"""A table of an archive, read as text in batches that hold whole records."""

import io
from collections.abc import Iterator
from typing import IO

import polars as pl

from mdm.errors import DamagedError

STEP = 4 << 20
LONGEST = 64 << 20
_MARK = b"\xef\xbb\xbf"


def batches(file: IO[bytes], where: str) -> Iterator[pl.DataFrame]:
    """The records of a delimited file with a header; a field without a value is null."""
    columns: list[str] = []
    for block in _blocks(file, where):
        frame = _parsed(block, where, columns)
        columns = columns or frame.columns
        yield frame


def whole(file: IO[bytes], where: str) -> pl.DataFrame:
    """All records of a small table."""
    frames = list(batches(file, where))
    return pl.concat(frames) if frames else pl.DataFrame()


def _parsed(block: bytes, where: str, columns: list[str]) -> pl.DataFrame:
    schema = pl.Schema(dict.fromkeys(columns, pl.String)) if columns else None
    try:
        return pl.read_csv(io.BytesIO(block), has_header=not columns, infer_schema=False, schema=schema)
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0][:120]
        raise DamagedError(f"{where}: is no table ({reason}); run again, or ask Veeva's support") from None


def _blocks(file: IO[bytes], where: str) -> Iterator[bytes]:
    """Stretches that end where a record does."""
    rest = b""
    while True:
        step = file.read(STEP)
        data = rest + step
        if not step:
            if data.count(b'"') % 2:
                raise DamagedError(
                    f"{where}: ends in the middle of a record, so it was cut off; run again, or ask Veeva's support"
                )
            if data.strip():
                yield data.removeprefix(_MARK)
            return
        end = _end(data)
        if end == 0 and len(data) > LONGEST:
            raise DamagedError(f"{where}: a record is longer than {LONGEST:,} bytes; ask Veeva's support")
        if end:
            yield data[:end].removeprefix(_MARK)
        rest = data[end:]


def _end(data: bytes) -> int:
    """Where the last whole record ends: at a line's end outside of quotes."""
    end = len(data)
    quotes = data.count(b'"')
    while (line := data.rfind(b"\n", 0, end)) >= 0:
        quotes -= data.count(b'"', line, end)
        if quotes % 2 == 0:
            return line + 1
        end = line
    return 0
