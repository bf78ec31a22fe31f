"""Standardise: from landed records to the entity's attributes, in the form people read.

Works on what landed since the bench was last brought up to date, or on everything where a mapping changed. The bench is
only a cache: what stands in it follows from the hub alone.
"""

from collections.abc import Iterator, Sequence

import polars as pl

from mdm import intake, mapping
from mdm.bench import Bench
from mdm.entity import Entity
from mdm.hub import Hub, Run, Tally
from mdm.settings import MapSettings, StreamSettings

_Streams = Sequence[tuple[StreamSettings, list[MapSettings]]]


def run(hub: Hub, entity: Entity, run: Run) -> Tally:
    """Bring the bench's records up to what has landed; `fresh` then holds the ids that are new in it."""
    bench = run.bench
    streams = intake.mapped_streams(run.settings, entity)
    intake.open_tables(bench, entity)
    _forget_unmapped(bench, entity, streams)
    read = kept = 0
    for stream, maps, after in _due(bench, entity, streams, run):
        for frame in intake.landed(hub, stream, after, run.landed_seq):
            read += frame.height
            for number, one in enumerate(maps):
                kept += intake.apply(hub, bench, entity, frame, stream, one, first=number == 0)
            # A stream that is read whole has its losers in it.
            if after:
                _with_winners(hub, run, entity, frame, [(stream, maps)])
    _remember(bench, streams, run)
    return Tally({"read": read, "records": kept, "live": bench.execute("select count(*) from bench.live")[0][0]})


def _with_winners(hub: Hub, run: Run, entity: Entity, frame: pl.DataFrame, fed: _Streams) -> None:
    """Make what was merged into these records anew: it comes and goes with its winner."""
    ((stream, maps),) = fed
    losers = intake.losers(hub, stream, frame, run.landed_seq)
    for number, one in enumerate(maps if losers.height else ()):
        intake.apply(hub, run.bench, entity, losers, stream, one, first=number == 0)
    if losers.height:
        intake.touched(run.bench, losers, frame)


def _due(bench: Bench, entity: Entity, streams: _Streams, run: Run) -> Iterator[tuple[StreamSettings, list[MapSettings], int]]:
    """Each stream with the landing sequence after which it must be read; a stream whose mapping changed is read whole."""
    known = dict(bench.execute("select key, value from bench.meta where key like 'mapping:%'"))
    mark = int((bench.execute("select value from bench.meta where key = 'landed_seq'") or [("0",)])[0][0])
    for stream, maps in streams:
        key = f"mapping:{stream}"
        changed = known.get(key) != mapping.fingerprint(stream)
        if changed and key in known:
            intake.forget(bench, entity, stream)
        yield stream, maps, 0 if changed else mark


def _forget_unmapped(bench: Bench, entity: Entity, streams: _Streams) -> None:
    """A stream that no longer feeds the entity takes its records along."""
    mapped = {str(stream) for stream, _ in streams}
    for (key,) in bench.execute("select key from bench.meta where key like 'mapping:%'"):
        name = key.removeprefix("mapping:")
        if name not in mapped:
            source, _, stream = name.partition("/")
            intake.forget(bench, entity, StreamSettings(name=stream, source=source))
            bench.execute("delete from bench.meta where key = ?", [key])


def _remember(bench: Bench, streams: _Streams, run: Run) -> None:
    values = [(f"mapping:{stream}", mapping.fingerprint(stream)) for stream, _ in streams] + [("landed_seq", str(run.landed_seq))]
    for key, value in values:
        bench.execute("insert or replace into bench.meta values (?, ?)", [key, value])
