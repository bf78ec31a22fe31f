"""The place: Python, libraries, the clock, disks, what git keeps, and whether secrets are there."""

import importlib
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mdm import settings, spark
from mdm.doctor.line import Line
from mdm.entity import Entity
from mdm.errors import MdmError
from mdm.settings import Secret, Settings
from mdm.settings.secret import parsed

_NEEDED = (
    "alembic", "duckdb", "fastexcel", "filelock", "lxml", "pandera", "polars", "pyarrow", "requests", "scipy", "splink",
    "sqlalchemy",
)  # fmt: skip
_LITTLE, _TOO_LITTLE = 2 << 30, 200 << 20
# A clock that shows less was never set: this software is younger.
_FIRST_YEAR = 2025


def machine() -> Iterator[Line]:
    """Python, the libraries and the clock."""
    yield Line("python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield _libraries()
    yield _clock()


def disk(what: str, folder: Path, repair: str) -> Line:
    """How much room there is."""
    free = shutil.disk_usage(folder).free
    level = "fail" if free < _TOO_LITTLE else "warn" if free < _LITTLE else "ok"
    return Line(what, level, f"{free / 2**30:.1f} GiB free at {folder}", repair)


def bench(loaded: Settings) -> Iterator[Line]:
    """The bench can be built where it is to be built."""
    folder = loaded.hub.bench.resolve()
    there = next(p for p in (folder, *folder.parents) if p.exists())
    if not os.access(there, os.W_OK):
        yield Line("bench", "fail", f"{folder} cannot be written", "let this user write there, or set [hub] bench")
        return
    yield disk("bench", there, "free space, or move the bench: [hub] bench")


def engine(loaded: Settings, entities: Mapping[str, Entity]) -> Iterator[Line]:
    """What the other engine needs, where it is asked for."""
    if loaded.run.engine == "spark":
        told = spark.ready(loaded.run, entities.values())
        yield Line("engine", "ok", f"pyspark {version('pyspark')}, {told}")


def kept_by_git(loaded: Settings) -> Iterator[Line]:
    """What git must not keep: the hub's file, the bench, files of secrets."""
    git, home = shutil.which("git"), loaded.folder.resolve()
    if git is None or subprocess.run([git, "-C", str(home), "rev-parse"], capture_output=True, check=False).returncode:
        return
    for path in _private(loaded):
        if not path.is_relative_to(home):
            continue
        asked = subprocess.run([git, "-C", str(home), "check-ignore", "-q", str(path)], capture_output=True, check=False)
        if asked.returncode == 1:
            repair = f"add {path.name} to .gitignore, and take it out of the history if it is in"
            yield Line("git", "warn", f"{path} is not ignored", repair)


def secrets(loaded: Settings) -> Iterator[Line]:
    """Every secret that is referred to can be read; none is shown."""
    for where, secret in _references(loaded):
        try:
            settings.resolve(secret)
        except MdmError as error:
            text, _, repair = str(error).partition("; ")
            yield Line("secret", "fail", f"{where}: {text}", repair)
        else:
            yield Line("secret", "ok", f"{where} is there ({secret.scheme})")
    hidden = [str(t) for s in loaded.sources.values() for t in s.streams.values() if t.pseudonymise]
    if hidden and loaded.hub.pseudonym_key is None:
        repair = 'set [hub] pseudonym_key = "env:NAME" or "file:PATH"'
        yield Line("secret", "fail", f"{hidden[0]} is to be pseudonymised, but there is no key", repair)


def _libraries() -> Line:
    found, missing = [], []
    for name in _NEEDED:
        try:
            importlib.import_module(name)
            found.append(f"{name} {version(name)}")
        except (ImportError, PackageNotFoundError) as error:
            missing.append(f"{name} ({error})")
    if missing:
        return Line("libraries", "fail", f"cannot load {', '.join(missing)}", "pip install lifescience-mdm again, here")
    return Line("libraries", "ok", ", ".join(found))


def _clock() -> Line:
    present = time.gmtime()
    if present.tm_year < _FIRST_YEAR:
        return Line("clock", "fail", f"this machine believes it is {present.tm_year}", "set the clock, and keep it by NTP")
    told = time.strftime("%Y-%m-%d %H:%M:%S", present)
    return Line("clock", "ok", f"{told} UTC; the local zone is {time.tzname[0]}, the hub keeps UTC")


def _private(loaded: Settings) -> Iterator[Path]:
    yield loaded.hub.bench.resolve()
    if isinstance(loaded.hub.url, str) and loaded.hub.url.startswith("sqlite:///"):
        yield (loaded.folder / loaded.hub.url.removeprefix("sqlite:///")).resolve()
    for _, secret in _references(loaded):
        if secret.scheme == "file":
            yield (loaded.folder / secret.reference.partition(":")[2]).resolve()


def _references(loaded: Settings) -> Iterator[tuple[str, Secret]]:
    """Every reference to a secret, and where it stands."""
    yield from _within("hub.url", loaded.hub.url)
    yield from _within("hub.pseudonym_key", loaded.hub.pseudonym_key)
    for source in loaded.sources.values():
        yield from _within(f"sources.{source.name}", dict(source.options))
        for stream in source.streams.values():
            yield from _within(f"sources.{source.name}.streams.{stream.name}", dict(stream.options))


def _within(where: str, value: Any) -> Iterator[tuple[str, Secret]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _within(f"{where}.{key}", inner)
        return
    secret = parsed(value) if isinstance(value, str) else value
    if isinstance(secret, Secret):
        yield where, secret
