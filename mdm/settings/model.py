"""What the configuration says, as frozen values.

Anything that may hold an address with a password, or a connector's options, stays out of `repr`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdm.errors import NotFoundError
from mdm.settings.reading import near
from mdm.settings.secret import Secret

Gates = Mapping[str, float]


@dataclass(frozen=True)
class HubSettings:
    """Where the hub is, where its rules are, and the folder in which its bench may be built."""

    url: str | Secret = field(repr=False)
    rules: Path
    bench: Path
    pseudonym_key: Secret | None = None


@dataclass(frozen=True)
class SparkSettings:
    """Where Spark is and how it is set; `folder` is where files cross, `least` how many changed records are worth it."""

    master: str = "local[*]"
    folder: Path | None = None
    least: int = 100_000
    conf: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class RunSettings:
    """How a run may use the machine; no `threads` means all cores, no `pairs` a limit by the number of records."""

    engine: str = "duckdb"
    memory: str = "4GB"
    threads: int | None = None
    pairs: int | None = None
    spark: SparkSettings = field(default_factory=SparkSettings)


@dataclass(frozen=True)
class Condition:
    """A test of one field: one of these values, or any value at all, unless another field is filled."""

    field: str
    values: tuple[str, ...] = ()
    present: bool = False
    unless: str | None = None


@dataclass(frozen=True)
class ParentSettings:
    """Whose children the rows of a stream are: `field` holds the parent's key in `stream`."""

    field: tuple[str, ...]
    stream: str
    collection: str | None = None


@dataclass(frozen=True)
class LinkSettings:
    """One link a map makes: its target's key is in `key`; the rest are constants or names of fields."""

    link: str
    to: str
    key: tuple[str, ...]
    role: str = ""
    number: str = ""
    study: str = ""
    valid_from: str = ""
    valid_to: str = ""

    @property
    def to_source(self) -> str:
        """The source the link leads to."""
        return self.to.partition("/")[0]

    @property
    def to_stream(self) -> str:
        """The stream the link leads to."""
        return self.to.partition("/")[2]


@dataclass(frozen=True)
class MapSettings:
    """How one stream feeds one entity."""

    entity: str
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    links: tuple[LinkSettings, ...] = ()
    explode: str | None = None
    element_key: tuple[str, ...] = ()
    parent: ParentSettings | None = None


@dataclass(frozen=True)
class StreamSettings:
    """One stream of a source: its key, how it is delivered, and the maps that read it.

    A `distinct` stream never holds one thing twice.
    """

    name: str
    source: str
    key: tuple[str, ...] = ()
    modified: str | None = None
    delivery: str = "delta"
    shrink: float = 0.2
    distinct: bool = False
    deleted: Condition | None = None
    inactive: Condition | None = None
    merged_into: tuple[str, ...] = ()
    pseudonymise: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    maps: tuple[MapSettings, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def entities(self) -> list[str]:
        """The entities this stream feeds, in the order of its maps."""
        return list(dict.fromkeys(m.entity for m in self.maps))

    def __str__(self) -> str:
        return f"{self.source}/{self.name}"


@dataclass(frozen=True)
class Source:
    """One configured source: a connector, its options, and its streams."""

    name: str
    connector: str
    role: str = "unranked"
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    streams: Mapping[str, StreamSettings] = field(default_factory=dict)

    def stream(self, name: str) -> StreamSettings:
        """The configured stream of this name."""
        if name not in self.streams:
            raise NotFoundError(f"source {self.name!r} has no stream {name!r}; {near(name, self.streams)}")
        return self.streams[name]

    def options_of(self, stream: str) -> dict[str, Any]:
        """The connector's options for a stream: the source's, overridden by the stream's own."""
        own = self.streams[stream].options if stream in self.streams else {}
        return {**self.options, **own}


@dataclass(frozen=True)
class Settings:
    """Everything `mdm.toml` and the environment say."""

    path: Path
    hub: HubSettings
    run: RunSettings = field(default_factory=RunSettings)
    gates: Mapping[str, Gates] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The folder relative paths start from."""
        return self.path.parent

    def source(self, name: str) -> Source:
        """The configured source of this name."""
        if name not in self.sources:
            raise NotFoundError(f"there is no source {name!r} in {self.path}; {near(name, self.sources)}")
        return self.sources[name]
