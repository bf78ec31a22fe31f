"""A mapping is held against the entities it feeds before anything is read: what it names has to exist."""

from collections.abc import Iterator, Mapping

from mdm.entity import Attribute, Entity
from mdm.errors import ConfigError
from mdm.mapping.target import Target, target
from mdm.settings import LinkSettings, MapSettings, Source, StreamSettings, near


def validated(
    stream: StreamSettings, entities: Mapping[str, Entity], sources: Mapping[str, Source] | None = None
) -> StreamSettings:
    """The stream, if all that its maps name exists; with `sources`, links have to lead to a stream of theirs."""
    for number, mapping in enumerate(stream.maps, start=1):
        where = f"sources.{stream.source}.streams.{stream.name}.map[{number}]"
        if mapping.entity not in entities:
            raise ConfigError(f"{where} names the entity {mapping.entity!r}; {near(mapping.entity, entities)}")
        entity = entities[mapping.entity]
        _shape(mapping, entity, where)
        for part, text in _targets(mapping):
            _exists(text, mapping, entity, where=f"{where}.{part}")
        for link in mapping.links:
            _link(link, entity, sources, where=f"{where}.links")
    return stream


def _shape(mapping: MapSettings, entity: Entity, where: str) -> None:
    if not mapping.fields and not mapping.links:
        raise ConfigError(f'{where} maps no field; add fields = {{ FIELD = "attribute" }}')
    if (mapping.explode is None) == bool(mapping.element_key):
        raise ConfigError(f"{where}: explode and element_key go together; add the one that is missing")
    if mapping.parent is None:
        return
    if mapping.explode is not None:
        raise ConfigError(f"{where}: a map has either parent or explode; use two streams")
    names = [c.name for c in entity.collections]
    if mapping.parent.collection is None and mapping.fields:
        raise ConfigError(f"{where}.parent has no 'collection'; {near('', names)}")
    if mapping.parent.collection is not None and mapping.parent.collection not in names:
        raise ConfigError(
            f"{where}.parent names the collection {mapping.parent.collection!r}; {near(mapping.parent.collection, names)}"
        )


def _targets(mapping: MapSettings) -> Iterator[tuple[str, str]]:
    yield from (("fields", text) for texts in mapping.fields.values() for text in texts)
    yield from (("constants", text) for text in mapping.constants)
    yield from (("values", text) for text in mapping.values)


def _exists(text: str, mapping: MapSettings, entity: Entity, *, where: str) -> None:
    if where.endswith(".values") and "." in text and "[" not in text:
        text = text.replace(".", "[1].", 1)
    try:
        goal = target(text)
    except ConfigError as problem:
        raise ConfigError(f"{where}: {problem}") from None
    names = _names(goal, mapping, entity, where)
    if goal.attribute in names:
        return
    if goal.attribute in [link.name for link in entity.links]:
        raise ConfigError(f"{where}: {goal.attribute!r} is a link of {entity.name!r}; map it under links")
    holder = f"the collection {goal.collection!r}" if goal.collection else f"the entity {entity.name!r}"
    raise ConfigError(f"{where}: {holder} has no attribute {goal.attribute!r}; {near(goal.attribute, names)}")


def _names(goal: Target, mapping: MapSettings, entity: Entity, where: str) -> list[str]:
    parent = mapping.parent.collection if mapping.parent is not None else None
    if parent is not None and goal.collection is not None:
        raise ConfigError(f"{where}: a map with a parent feeds one child a row; write {goal.attribute!r} only")
    collection = parent or goal.collection
    collections: dict[str, list[Attribute]] = {c.name: list(c.attributes) for c in entity.collections}
    if collection is None:
        return [a.name for a in entity.attributes]
    if collection not in collections:
        raise ConfigError(
            f"{where}: the entity {entity.name!r} has no collection {collection!r}; {near(collection, collections)}"
        )
    return [a.name for a in collections[collection]]


def _link(link: LinkSettings, entity: Entity, sources: Mapping[str, Source] | None, *, where: str) -> None:
    names = [known.name for known in entity.links]
    if link.link not in names:
        raise ConfigError(f"{where}: the entity {entity.name!r} has no link {link.link!r}; {near(link.link, names)}")
    if not link.to_source or not link.to_stream or "/" in link.to_stream:
        raise ConfigError(f"{where}: to = {link.to!r} must be 'source/stream'")
    if sources is None:
        return
    if link.to_source not in sources:
        raise ConfigError(f"{where}: to = {link.to!r} names the source {link.to_source!r}; {near(link.to_source, sources)}")
    streams = sources[link.to_source].streams
    if link.to_stream not in streams:
        raise ConfigError(f"{where}: to = {link.to!r} names the stream {link.to_stream!r}; {near(link.to_stream, streams)}")
    wanted = next(known.to for known in entity.links if known.name == link.link)
    if wanted not in streams[link.to_stream].entities:
        raise ConfigError(f"{where}: the link {link.link!r} leads to {wanted!r}, which {link.to!r} does not feed")
