"""The doctor: checks everything a deployment needs, each line with its repair.

Nothing is changed and no secret is shown. A check that cannot be made fails alone; those that do not stand on it go on.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mdm import catalog, mapping, project, settings
from mdm.doctor import place, store
from mdm.doctor.line import Line
from mdm.entity import Entity
from mdm.errors import MdmError
from mdm.settings import Settings, Source

__all__ = ["Line", "examined"]


def examined(path: Path | None = None) -> Iterator[Line]:
    """Every finding, in the order a person would look."""
    yield from place.machine()
    yield from _guarded("settings", lambda: _configured(path))


def _configured(path: Path | None) -> Iterator[Line]:
    loaded = settings.load(path)
    yield Line("settings", "ok", f"{loaded.path} with {len(loaded.sources)} sources")
    if not loaded.sources:
        yield Line("sources", "warn", "no source is configured", f"describe one in {loaded.path}, as its comments show")
    entities: dict[str, Entity] = {}
    checks: list[tuple[str, Callable[[], Iterator[Line]]]] = [
        ("git", lambda: place.kept_by_git(loaded)),
        ("secret", lambda: place.secrets(loaded)),
        ("rules", lambda: _rules(project.folder(loaded, "rules"), entities)),
        ("mappings", lambda: _mappings(loaded, entities)),
        ("bench", lambda: place.bench(loaded)),
        ("engine", lambda: place.engine(loaded, entities)),
        ("hub", lambda: store.examined(loaded, entities)),
        *((f"source {s.name}", lambda s=s: _source(loaded, s)) for s in loaded.sources.values()),
    ]
    for what, check in checks:
        yield from _guarded(what, check)


def _guarded(what: str, check: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    try:
        yield from check()
    except MdmError as error:
        text, _, repair = str(error).partition("; ")
        yield Line(what, "fail", text, repair)
    except Exception as error:
        told = f"{type(error).__name__}: {_safe(str(error))}"
        yield Line(what, "fail", told, "try the command that needs it, with MDM_DEBUG=1")


def _safe(text: str) -> str:
    """The first line of a driver's message, without what might be a password."""
    return re.sub(r"(?<=:)[^:@/\s]+(?=@)", "***", (text.strip() or "no message").splitlines()[0])[:300]


def _rules(folder: Path, entities: dict[str, Entity]) -> Iterator[Line]:
    entities.update(catalog.entities(folder))
    yield Line("rules", "ok", f"{folder}: {', '.join(entities)}")


def _mappings(loaded: Settings, entities: dict[str, Entity]) -> Iterator[Line]:
    streams = [stream for source in loaded.sources.values() for stream in source.streams.values()]
    for stream in streams if entities else ():
        mapping.validated(stream, entities, loaded.sources)
    if streams and entities:
        yield Line("mappings", "ok", f"{len(streams)} streams map to attributes that exist")


def _source(loaded: Settings, source: Source) -> Iterator[Line]:
    world = catalog.world(loaded, source)
    for finding in catalog.connector(source).check(world):
        text, repair = world.secrets.redact(finding.text), world.secrets.redact(finding.repair)
        yield Line(f"source {source.name}", finding.level, text, repair)
