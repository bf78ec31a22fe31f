"""The doctor: checks everything a deployment needs, each line with its repair.

Nothing is changed and no secret is shown. A check that cannot be made fails alone; those that do not stand on it go on.
"""

import importlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mdm.errors import MdmError

_NEEDED = (
    "alembic",
    "duckdb",
    "fastexcel",
    "filelock",
    "lxml",
    "pandera",
    "polars",
    "pyarrow",
    "requests",
    "scipy",
    "splink",
    "sqlalchemy",
)
_DISK_WARN, _DISK_FAIL = 2 << 30, 200 << 20
_SKEW_WARN, _SKEW_FAIL = 2.0, 60.0
_OLD_DAYS = 30


@dataclass(frozen=True)
class Line:
    """One finding: `level` is ok, warn or fail."""

    what: str
    level: str
    text: str
    repair: str = ""


def examined(path: Path | None = None) -> Iterator[Line]:
    """Every finding, in the order a person would look."""
    yield _python()
    yield _libraries()
    yield _zone()
    yield from _guarded("settings", lambda: _configured(path))


def _configured(path: Path | None) -> Iterator[Line]:
    from mdm import catalog, project, settings

    loaded = settings.load(path)
    yield Line("settings", "ok", f"{loaded.path} with {len(loaded.sources)} sources")
    if not loaded.sources:
        yield Line("sources", "warn", "no source is configured", f"describe one in {loaded.path}; see `mdm init` for an example")
    yield from _ignored(loaded)
    yield from _secrets(loaded)
    rules = project.folder(loaded, "rules")
    entities: dict[str, Any] = {}
    yield from _guarded("rules", lambda: _rules(catalog, rules, entities))
    yield from _guarded("mappings", lambda: _mappings(loaded, entities))
    yield from _guarded("bench", lambda: _bench(loaded))
    yield from _guarded("hub", lambda: _hub(loaded, entities))
    for source in loaded.sources.values():
        yield from _guarded(f"source {source.name}", lambda source=source: _source(loaded, source))


def _guarded(what: str, check: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    try:
        yield from check()
    except MdmError as error:
        text, _, repair = str(error).partition("; ")
        yield Line(what, "fail", text, repair)
    except Exception as error:
        yield Line(
            what, "fail", f"{type(error).__name__}: {_safe(str(error))}", "set MDM_DEBUG=1 and try the command that needs it"
        )


def _safe(text: str) -> str:
    """The first line of a driver's message, without what might be a password."""
    import re

    return re.sub(r"(?<=:)[^:@/\s]+(?=@)", "***", (text.strip() or "no message").splitlines()[0])[:300]


def _python() -> Line:
    told = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < (3, 11):
        return Line("python", "fail", told, "install Python 3.11 or newer")
    return Line("python", "ok", told)


def _libraries() -> Line:
    found, missing = [], []
    for name in _NEEDED:
        try:
            importlib.import_module(name)
            found.append(f"{name} {version(name)}")
        except (ImportError, PackageNotFoundError) as error:
            missing.append(f"{name} ({error})")
    if missing:
        return Line(
            "libraries", "fail", f"cannot load {', '.join(missing)}", "pip install lifescience-mdm again, into this environment"
        )
    return Line("libraries", "ok", ", ".join(found))


def _zone() -> Line:
    year = time.gmtime().tm_year
    if year < 2024:
        return Line("clock", "fail", f"this machine believes it is {year}", "set the clock; time must be kept by NTP")
    return Line(
        "clock", "ok", f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} UTC; local zone {time.tzname[0]}; the hub keeps UTC"
    )


def _ignored(loaded: Any) -> Iterator[Line]:
    """What git must not keep: the hub's file, the bench, files of secrets."""
    from mdm import settings

    inside = [loaded.hub.bench]
    if isinstance(loaded.hub.url, str) and loaded.hub.url.startswith("sqlite:///"):
        inside.append(Path(loaded.hub.url.removeprefix("sqlite:///")))
    inside += [Path(s.reference.partition(":")[2]) for _, s in _references(loaded, settings.Secret) if s.scheme == "file"]
    git = shutil.which("git")
    if git is None or subprocess.run([git, "-C", str(loaded.folder), "rev-parse"], capture_output=True, check=False).returncode:
        return
    for path in (loaded.folder / p for p in inside):
        if not path.resolve().is_relative_to(loaded.folder.resolve()):
            continue
        ignored = subprocess.run(
            [git, "-C", str(loaded.folder), "check-ignore", "-q", str(path)], capture_output=True, check=False
        )
        if ignored.returncode == 1:
            yield Line(
                "git",
                "warn",
                f"{path} is not ignored",
                f"add {path.name} to .gitignore, and take it out of the history if it is in",
            )


def _references(loaded: Any, kind: type) -> Iterator[tuple[str, Any]]:
    """Every reference to a secret, and where it stands."""

    def found(where: str, value: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(value, kind):
            yield where, value
        elif isinstance(value, str):
            from mdm.settings.secret import parsed

            secret = parsed(value)
            if isinstance(secret, kind):
                yield where, secret
        elif isinstance(value, dict):
            for key, inner in value.items():
                yield from found(f"{where}.{key}", inner)

    yield from found("hub.url", loaded.hub.url)
    yield from found("hub.pseudonym_key", loaded.hub.pseudonym_key)
    for source in loaded.sources.values():
        yield from found(f"sources.{source.name}", dict(source.options))
        for stream in source.streams.values():
            yield from found(f"sources.{source.name}.streams.{stream.name}", dict(stream.options))


def _secrets(loaded: Any) -> Iterator[Line]:
    from mdm import settings

    for where, secret in _references(loaded, settings.Secret):
        try:
            settings.resolve(secret)
        except MdmError as error:
            text, _, repair = str(error).partition(": ")
            yield Line("secret", "fail", f"{where}: {text}", repair)
        else:
            yield Line("secret", "ok", f"{where} is there ({secret.scheme})")
    if (
        any(s.pseudonymise for source in loaded.sources.values() for s in source.streams.values())
        and loaded.hub.pseudonym_key is None
    ):
        yield Line(
            "secret",
            "fail",
            "a stream is to be pseudonymised but [hub] pseudonym_key is not set",
            "set it to env:NAME or file:PATH",
        )


def _rules(catalog: Any, folder: Path, entities: dict[str, Any]) -> Iterator[Line]:
    entities.update(catalog.entities(folder))
    yield Line("rules", "ok", f"{folder}: {', '.join(entities)}")


def _mappings(loaded: Any, entities: dict[str, Any]) -> Iterator[Line]:
    from mdm import mapping

    streams = [stream for source in loaded.sources.values() for stream in source.streams.values()]
    for stream in streams if entities else ():
        mapping.validated(stream, entities, loaded.sources)
    if streams and entities:
        yield Line("mappings", "ok", f"{len(streams)} streams map to attributes that exist")


def _bench(loaded: Any) -> Iterator[Line]:
    folder = Path(loaded.hub.bench)
    there = next(p for p in (folder, *folder.resolve().parents) if p.exists())
    if not os.access(there, os.W_OK):
        yield Line("bench", "fail", f"{folder} cannot be written", "give this user the right to write there, or set [hub] bench")
        return
    free = shutil.disk_usage(there).free
    level = "fail" if free < _DISK_FAIL else "warn" if free < _DISK_WARN else "ok"
    yield Line("bench", level, f"{folder} is writable, {free / 2**30:.1f} GiB free", "free space, or move the bench: [hub] bench")


def _hub(loaded: Any, entities: dict[str, Any]) -> Iterator[Line]:
    from mdm import audit, settings
    from mdm.hub import Hub, migration

    hub = Hub(settings.resolve(loaded.hub.url), entities.values())
    try:
        with hub.read() as session:
            told = _server(session)
        yield Line("hub", "ok", told)
        yield from _file(hub)
        yield from _clock(hub)
        migration.current(hub)
        yield Line("schema", "ok", "the tables are those of the rules")
        with hub.read() as session:
            verdict = audit.verify(session)
        if verdict.whole:
            yield Line("events", "ok", f"{verdict.events} events in one chain; head {str(verdict.head)[:24]}...")
        else:
            yield Line(
                "events",
                "fail",
                str(verdict.problem),
                "find out who wrote to the database; restore the last backup that verifies",
            )
        yield from _age(hub, loaded)
    finally:
        hub.dispose()


def _server(session: Any) -> str:
    import sqlalchemy as sa

    if session.hub.dialect == "sqlite":
        return f"SQLite {session.scalar(sa.text('select sqlite_version()'))} at {session.hub.engine.url.database}"
    url = session.hub.engine.url
    return f"PostgreSQL {session.scalar(sa.text('show server_version'))} at {url.host or url.query.get('host', 'a socket')}/{url.database}"


def _file(hub: Any) -> Iterator[Line]:
    if hub.dialect != "sqlite" or not hub.engine.url.database:
        return
    file = Path(hub.engine.url.database)
    if file.exists() and os.name == "posix" and file.stat().st_mode & 0o007:
        yield Line("hub file", "warn", f"{file} can be read by everybody on this machine", f"chmod 640 {file}")
    free = shutil.disk_usage(file.parent).free
    level = "fail" if free < _DISK_FAIL else "warn" if free < _DISK_WARN else "ok"
    yield Line(
        "disk", level, f"{free / 2**30:.1f} GiB free beside the hub", "free space; a run needs about as much as the hub has"
    )


def _clock(hub: Any) -> Iterator[Line]:
    import sqlalchemy as sa

    if hub.dialect != "postgresql":
        return
    with hub.read() as session:
        skew = abs(float(session.scalar(sa.text("select extract(epoch from clock_timestamp())"))) - time.time())
    level = "fail" if skew > _SKEW_FAIL else "warn" if skew > _SKEW_WARN else "ok"
    yield Line("server clock", level, f"{skew:.1f} seconds from this machine's", "keep both by NTP")


def _age(hub: Any, loaded: Any) -> Iterator[Line]:
    from mdm import status
    from mdm.hub.run import now

    with hub.read() as session:
        entities, sources = status.entities(session), status.sources(session, loaded)
    for entity in entities:
        if entity["waiting"]:
            number = entity["waiting"]["run"]
            yield Line(
                "plan",
                "warn",
                f"{entity['entity']}: run {number} waits for an answer",
                f"mdm approve {number}, or mdm reject {number}",
            )
        if not entity["reconciled"]:
            yield Line("sums", "fail", f"{entity['entity']}: the second sum does not hold", f"mdm run {entity['entity']} --full")
    for source in sources:
        name = f"{source['source']}/{source['stream']}"
        if source["status"] == "failed":
            yield Line("stream", "warn", f"{name}: {source['message']}", f"mdm sync {source['source']}")
        elif source["synced_at"] and (now() - source["synced_at"]).days >= _OLD_DAYS:
            yield Line(
                "stream", "warn", f"{name} was read {(now() - source['synced_at']).days} days ago", f"mdm sync {source['source']}"
            )


def _source(loaded: Any, source: Any) -> Iterator[Line]:
    from mdm import catalog

    world = catalog.world(loaded, source)
    for finding in catalog.connector(source).check(world):
        yield Line(
            f"source {source.name}", finding.level, world.secrets.redact(finding.text), world.secrets.redact(finding.repair)
        )
