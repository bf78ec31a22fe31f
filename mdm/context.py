"""Everything a command works with: settings, entities, the hub, and who is acting."""

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mdm import catalog, project, settings
from mdm.bench import Bench
from mdm.entity import Entity
from mdm.errors import NotFoundError
from mdm.hub import Hub
from mdm.settings import Settings


@dataclass(frozen=True)
class Context:
    """What is configured, opened."""

    settings: Settings
    entities: Mapping[str, Entity]
    hub: Hub
    actor: str

    def entity(self, name: str) -> Entity:
        """The entity of this name."""
        if name not in self.entities:
            raise NotFoundError(f"there is no entity {name!r}; {settings.near(name, self.entities)}")
        return self.entities[name]

    def bench(self, entity: str, *, reading: bool = False) -> Bench:
        """The bench of an entity, for this hub alone; to read it there must be one."""
        path = self.settings.hub.bench / f"{entity}.duckdb"
        if reading and not path.is_file():
            return Bench(None)
        run = self.settings.run
        return Bench(path, memory=run.memory, threads=run.threads, pairs=run.pairs, reading=reading)


def actor(environ: Mapping[str, str] = os.environ) -> str:
    """Who is acting: MDM_ACTOR, else the login name."""
    try:
        return environ.get("MDM_ACTOR") or getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def opened(path: Path | None = None) -> Context:
    """The context of the configuration found here, or at `path`."""
    loaded = settings.load(path)
    entities = catalog.entities(project.folder(loaded, "rules"))
    return Context(loaded, entities, Hub(settings.resolve(loaded.hub.url), entities.values()), actor())
