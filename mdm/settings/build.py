"""From a TOML document to settings: every table read by name, every relative path started at the file."""

import csv
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mdm.errors import ConfigError
from mdm.settings import ready
from mdm.settings.model import (
    Condition,
    HubSettings,
    LinkSettings,
    MapSettings,
    ParentSettings,
    RunSettings,
    Settings,
    Source,
    SparkSettings,
    StreamSettings,
)
from mdm.settings.reading import Table, as_text, near
from mdm.settings.secret import Secret, parsed

ENGINES = ("duckdb", "spark")
DELIVERIES = ("delta", "full")
LIMITS = ("merged", "retired", "quarantined")
# Options of connectors that hold paths; a connector that needs another name has `path` in it.
_PATH = re.compile(r"(?:\w+_)?(?:path|paths|folder|file)\Z")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")
_MEMORY = re.compile(r"\d+(\.\d+)?\s*([KMGT]i?B|%)\Z", re.IGNORECASE)
_SQLITE = re.compile(r"(sqlite(?:\+\w+)?:///)(?!:memory:)([^?]+)(.*)\Z", re.DOTALL)


def built(document: Mapping[str, Any], file: Path) -> Settings:
    """The settings a document says; `file` names it in errors and anchors its paths."""
    root = Table(file.name, document)
    settings = Settings(
        path=file,
        hub=_hub(root.table("hub") or Table(f"{file.name}: hub", {}), file.parent),
        run=_run(root.table("run") or Table(f"{file.name}: run", {}), file.parent),
        gates=(root.table("gates") or Table(f"{file.name}: gates", {})).each(_gates),
        sources=(root.table("sources") or Table(f"{file.name}: sources", {})).each(
            lambda name, table: _source(name, table, file.parent)
        ),
    )
    for section in root.rest():
        raise ConfigError(f"{file} has no section [{section}]; {near(section, ('hub', 'run', 'gates', 'sources'))}")
    return settings


def _hub(table: Table, folder: Path) -> HubSettings:
    url = _anchored_url(table.text("url", "sqlite:///mdm.db"), folder)
    bench = table.text("bench")
    key = table.text("pseudonym_key")
    secret = None if key is None else _anchored(key, folder)
    if secret is not None and not isinstance(secret, Secret):
        raise ConfigError(
            f"{table.where}.pseudonym_key must be a reference such as 'file:/run/secrets/pseudonym', not the key itself"
        )
    hub = HubSettings(
        url=url,
        rules=folder / Path(table.text("rules", "rules")).expanduser(),
        bench=folder / Path(bench).expanduser() if bench else _bench(url, folder),
        pseudonym_key=secret,
    )
    table.done()
    return hub


def _anchored_url(url: str, folder: Path) -> str | Secret:
    match = _SQLITE.match(url)
    if match is None:
        return _anchored(url, folder)
    return f"{match[1]}{folder / Path(match[2]).expanduser()}{match[3]}"


def _bench(url: str | Secret, folder: Path) -> Path:
    match = _SQLITE.match(url) if isinstance(url, str) else None
    return (Path(match[2]) if match else folder / "mdm").with_suffix(".bench")


def _run(table: Table, folder: Path) -> RunSettings:
    memory = table.text("memory", "4GB")
    if not _MEMORY.match(memory):
        raise table.wrong("memory", "must be a size such as '4GB'", memory)
    threads = table.number("threads", 0, low=1, high=4096)
    pairs = table.number("pairs", 0, low=1, high=1e15)
    spark = _spark(table.table("spark") or Table(f"{table.where}.spark", {}), folder, int(threads))
    engine = table.choice("engine", ENGINES, "duckdb")
    run = RunSettings(engine, memory, int(threads) or None, int(pairs) or None, spark)
    table.done()
    return run


def _spark(table: Table, folder: Path, threads: int) -> SparkSettings:
    crossing = table.text("folder")
    spark = SparkSettings(
        master=table.text("master", f"local[{threads or '*'}]"),
        folder=folder / Path(crossing).expanduser() if crossing else None,
        least=int(table.number("least", SparkSettings.least, high=1e12)),
        conf={name: texts[0] for name, texts in _lists(table.table("conf")).items()},
    )
    table.done()
    return spark


def _gates(_: str, table: Table) -> dict[str, float]:
    for limit in table.values:
        if limit not in LIMITS:
            raise ConfigError(f"{table.where} has no limit {limit!r}; {near(limit, LIMITS)}")
    return {limit: table.number(limit, 1.0) for limit in LIMITS if limit in table.values}


def _source(name: str, table: Table, folder: Path) -> Source:
    _named("source", name, table)
    if name == "steward":
        raise ConfigError(f"{table.where}: the source name 'steward' is the stewards' own; choose another")
    streams = table.table("streams")
    around = table.values
    source = Source(
        name=name,
        connector=table.required("connector"),
        role=table.text("role", "unranked"),
        streams={}
        if streams is None
        else streams.each(lambda stream, t: _stream(stream, name, _ready(stream, t, around), folder)),
    )
    for stream in source.streams.values():
        for parent in (m.parent for m in stream.maps if m.parent is not None):
            if parent.stream not in source.streams:
                raise ConfigError(
                    f"{table.where}.streams.{stream.name}: parent names the stream {parent.stream!r}; "
                    f"{near(parent.stream, source.streams)}"
                )
    return Source(source.name, source.connector, source.role, _options(table.rest(), folder), source.streams)


def _ready(stream: str, table: Table, around: Mapping[str, Any]) -> Table:
    return Table(table.where, ready.filled(stream, table.values, around))


def _stream(name: str, source: str, table: Table, folder: Path) -> StreamSettings:
    _named("stream", name, table)
    stream = StreamSettings(
        name=name,
        source=source,
        key=table.texts("key"),
        modified=table.text("modified"),
        delivery=table.choice("delivery", DELIVERIES, "delta"),
        shrink=table.number("shrink", 0.2),
        distinct=table.flag("distinct"),
        deleted=_condition(table.table("deleted")),
        inactive=_condition(table.table("inactive")),
        merged_into=table.texts("merged_into"),
        pseudonymise=table.texts("pseudonymise"),
        ignore=table.texts("ignore"),
        maps=tuple(_map(one, folder) for one in table.tables("map")),
        options=_options(table.rest(), folder),
    )
    if stream.pseudonymise and not stream.key:
        raise ConfigError(f"{table.where}: pseudonymise needs key, to know whether the key itself has to be hidden; add it")
    for field in stream.ignore:
        if "*" in field or "?" in field:
            raise ConfigError(f"{table.where}.ignore holds {field!r}; write the names of fields, one by one, without wildcards")
    return stream


def _condition(table: Table | None) -> Condition | None:
    if table is None:
        return None
    condition = Condition(table.required("field"), table.texts("values"), table.flag("present"), table.text("unless"))
    table.done()
    if bool(condition.values) == condition.present:
        raise ConfigError(f"{table.where} needs either values = [...] or present = true")
    return condition


def _map(table: Table, folder: Path) -> MapSettings:
    links = table.table("links")
    parent = table.table("parent")
    found = MapSettings(
        entity=table.required("entity"),
        fields=_lists(table.table("fields")),
        where=_lists(table.table("where")),
        constants={k: v[0] for k, v in _lists(table.table("constants")).items()},
        values=_values(table.table("values"), folder),
        links=() if links is None else tuple(links.each(_link).values()),
        explode=table.text("explode"),
        element_key=table.texts("element_key"),
        parent=None if parent is None else _parent(parent),
    )
    table.done()
    return found


def _lists(table: Table | None) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    if table is None:
        return found
    for key, value in table.values.items():
        if isinstance(value, Mapping):
            # An unquoted dotted key is a table to TOML; to its writer it is a nested field.
            found |= {f"{key}.{inner}": texts for inner, texts in _lists(table.table(key)).items()}
        else:
            found[key] = table.texts(key)
    return found


def _link(field: str, table: Table) -> LinkSettings:
    link = LinkSettings(
        link=table.required("link"),
        to=table.required("to"),
        key=table.texts("key") or (field,),
        role=table.text("role", ""),
        number=table.text("number", ""),
        study=table.text("study", ""),
        valid_from=table.text("valid_from", ""),
        valid_to=table.text("valid_to", ""),
    )
    table.done()
    return link


def _parent(table: Table) -> ParentSettings:
    fields = table.texts("field")
    if not fields:
        raise ConfigError(f"{table.where} has no 'field'; name the field that holds the parent's key")
    parent = ParentSettings(fields, table.required("stream"), table.text("collection"))
    table.done()
    return parent


def _values(table: Table | None, folder: Path) -> dict[str, dict[str, str]]:
    if table is None:
        return {}
    found = {}
    for attribute, listed in table.values.items():
        place = f"{table.where}.{attribute}"
        found[attribute] = _code_file(folder / listed, place) if isinstance(listed, str) else _codes(listed, place)
    return found


def _codes(listed: Any, place: str) -> dict[str, str]:
    if not isinstance(listed, Mapping) or not all(isinstance(v, str | int | float) for v in listed.values()):
        raise ConfigError(f"{place} must be a table of code = value, or the name of a file that holds one")
    return {code: as_text(value) for code, value in listed.items()}


def _code_file(file: Path, place: str) -> dict[str, str]:
    try:
        text = file.expanduser().read_text(encoding="utf-8-sig")
        if file.suffix == ".toml":
            return _codes(tomllib.loads(text), str(file))
        rows = list(csv.DictReader(text.splitlines()))
        return {row["code"]: row["value"] for row in rows}
    except KeyError:
        raise ConfigError(f"{file}: a code list needs the columns code,value; add the header") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise ConfigError(f"{place} names the code list {file}, which cannot be read: {problem}") from None


def _options(rest: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    return {key: _option(key, value, folder) for key, value in rest.items()}


def _option(key: str, value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_option(key, one, folder) for one in value]
    if isinstance(value, dict):
        return {name: _option(name, one, folder) for name, one in value.items()}
    if not isinstance(value, str):
        return value
    found = _anchored(value, folder)
    if isinstance(found, str) and _PATH.match(key) and "://" not in found:
        return str(folder / Path(found).expanduser())
    return found


def _anchored(value: str, folder: Path) -> str | Secret:
    found = parsed(value)
    if isinstance(found, Secret) and found.scheme == "file":
        return Secret(f"file:{folder / Path(found.reference[5:]).expanduser()}")
    return found


def _named(what: str, name: str, table: Table) -> None:
    if not _NAME.match(name):
        raise ConfigError(f"{table.where}: the {what} name {name!r} may hold letters, digits, '_', '-' and '.' only; rename it")
