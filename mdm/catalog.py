"""What there is: entities by their files, connectors by entry point."""

import difflib
import importlib.util
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from mdm.connector import PER_SECOND, Budget, Connector, StreamRequest, chosen
from mdm.connector import Context as World
from mdm.entity import Entity
from mdm.errors import ConfigError, DeclarationError
from mdm.settings import Settings, Source, resolve

GROUP = "mdm.connectors"


def entities(folder: Path) -> dict[str, Entity]:
    """The entities declared in a folder, targets of links before those that link to them."""
    if not folder.is_dir():
        raise ConfigError(f"there is no rules folder {folder}; create it with `mdm init`, or correct [hub] rules")
    found: dict[str, Entity] = {}
    for path in sorted(folder.glob("*.py")):
        for entity in _declared(path):
            if entity.name in found:
                raise DeclarationError(f"{path}: entity {entity.name!r} is declared twice; rename one of them")
            found[entity.name] = entity
    if not found:
        raise ConfigError(f"the rules folder {folder} declares no entity; copy the bundled ones with `mdm init`")
    for entity in found.values():
        for link in entity.links:
            if link.to not in found:
                raise DeclarationError(
                    f"{entity.name}: link {link.name!r} leads to {link.to!r}, which no rules file declares; there are: "
                    f"{', '.join(found)}"
                )
    return _ordered(found)


def _declared(path: Path) -> list[Entity]:
    if path.name.startswith("_"):
        return []
    spec = importlib.util.spec_from_file_location(f"_mdm_rules_{path.stem}_{abs(hash(str(path.resolve())))}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except DeclarationError as error:
        raise DeclarationError(f"{path}: {error}") from None
    except Exception as error:
        raise DeclarationError(f"{path} cannot be read: {type(error).__name__}: {error}; correct the file") from error
    return [value for value in vars(module).values() if isinstance(value, Entity)]


def _ordered(found: dict[str, Entity]) -> dict[str, Entity]:
    """Link targets first; a circle falls back to the order of names."""
    done: dict[str, Entity] = {}
    waiting = dict(sorted(found.items()))
    while waiting:
        ready = [n for n, e in waiting.items() if all(k.to in done or k.to == n or k.to not in waiting for k in e.links)]
        for name in ready or [next(iter(waiting))]:
            done[name] = waiting.pop(name)
    return done


def connector_class(name: str) -> Any:
    """The class behind a connector's name."""
    points = {p.name: p for p in entry_points(group=GROUP)}
    if name not in points:
        near = difflib.get_close_matches(name, points, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(points))}"
        raise ConfigError(f"there is no connector {name!r}; {hint}")
    return points[name].load()


def connector(source: Source) -> Connector:
    """The connector of a configured source."""
    return connector_class(source.connector)(source.name, dict(source.options))


def world(settings: Settings, source: Source, budget: Budget | None = None) -> World:
    """The world as a source's connector may see it, with the streams that are configured and the pace that is allowed."""
    asked = (StreamRequest(t.name, t.key, t.modified, source.options_of(t.name), t.delivery) for t in source.streams.values())
    paced = budget or Budget()
    paced.limit(_per_second(source))
    return World(home=settings.folder, resolve=resolve, streams=tuple(asked), budget=paced)


def _per_second(source: Source) -> float | None:
    """The fixed limit that a source is set to, or that its connector has by default."""
    known = [option for option in connector_class(source.connector).options if option.name == PER_SECOND.name]
    if not known:
        return None
    given = {name: value for name, value in source.options.items() if name == PER_SECOND.name}
    limit: float | None = chosen(f"source {source.name!r}", known, given, partial=True)[PER_SECOND.name]
    return limit
