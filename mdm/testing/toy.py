"""A toy to test the core with: the entity `thing`, a temporary hub, and sources that deliver what a test says.

toy = Toy(folder, "sqlite:///...")
toy.deliver("a", [{"id": "1", "name": "Ana Lopez", "code": "A1"}])
toy.run()
toy.partition()          # {frozenset({"a/things:1"}), ...}
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import splink.comparison_library as cl
import sqlalchemy as sa

from mdm import decisions, pipeline, settings, standard, survivorship
from mdm.context import Context
from mdm.entity import Attribute, Collection, Entity, Key, Link, Veto, with_compatible
from mdm.hub import Hub, migration
from mdm.report import Report

_NAME = (
    cl.JaroWinklerAtThresholds("name", [0.92, 0.8])
    .configure(m_probabilities=[0.8, 0.1, 0.05, 0.05], u_probabilities=[0.01, 0.01, 0.03, 0.95])
)  # fmt: skip
_CITY = cl.ExactMatch("city").configure(m_probabilities=[0.9, 0.1], u_probabilities=[0.1, 0.9])

thing = Entity(
    name="thing",
    about="A thing of no importance.",
    prefix="THG",
    attributes=[
        Attribute("name", "What it is called.", standardise=standard.name, compare_as=standard.folded_name, required=True,
                  survive=survivorship.by_role("register", "crm")),
        Attribute("code", "A number that belongs to one thing alone.", standardise=standard.code,
                  identifies=with_compatible("name")),
        Attribute("city", "Where it is.", standardise=standard.text, compare_as=standard.folded),
        Attribute("kind", "What sort of thing it is.", standardise=standard.lower),
        Attribute("colours", "Its colours.", type=list),
        Attribute("status", "active or inactive.", standardise=standard.lower, survive=survivorship.recent),
    ],
    collections=[
        Collection("part", "What it is made of.", key=("number",), attributes=[
            Attribute("number", "The part's number."), Attribute("size", "The part's size.", type=float)])],
    links=[Link("whole", to="thing", about="What it is a part of.")],
    keys=[Key("name_start", of="name", by=standard.prefix(2))],
    comparisons=[_NAME, _CITY],
    block=[["name"], ["city"], ["name_start"]],
    veto=[Veto("kind", "Things of two kinds are two things.")],
    matches_per_record=0.5, accept=0.9, review=0.3, hot=40,
)  # fmt: skip

_STREAM = """
[sources.{name}]
connector = "files"
role = "{role}"
path = "{name}.jsonl"

[sources.{name}.streams.things]
key = ["id"]
modified = "modified"
delivery = "{delivery}"
shrink = 1.0
deleted = {{ field = "gone", values = ["1"] }}
inactive = {{ field = "asleep", values = ["1"] }}
merged_into = "into"

[[sources.{name}.streams.things.map]]
entity = "thing"
fields = {{ name = "name", code = "code", city = "city", kind = "kind", colours = "colours", status = "status", part_1 = "part[1].number", part_2 = "part[2].number" }}
links = {{ whole = {{ link = "whole", to = "{name}/things" }} }}
"""
_FIELDS = (
    "id",
    "modified",
    "gone",
    "asleep",
    "into",
    "name",
    "code",
    "city",
    "kind",
    "colours",
    "status",
    "part_1",
    "part_2",
    "whole",
)


class Toy:
    """A project in a folder, with sources `a` (crm) and `b` (register)."""

    def __init__(self, folder: Path, url: str, *, entity: Entity = thing, delivery: str = "delta"):
        self.folder = folder
        text = f'[hub]\nurl = "{url}"\n' + "".join(
            _STREAM.format(name=n, role=r, delivery=delivery) for n, r in (("a", "crm"), ("b", "register"))
        )
        (folder / "mdm.toml").write_text(text, encoding="utf-8")
        for name in ("a", "b"):
            self.deliver(name, [])
        self.context = Context(
            settings.load(folder / "mdm.toml", environ={}), {entity.name: entity}, Hub(url, [entity]), "tester"
        )

    def lay(self) -> "Toy":
        """Make the hub's tables."""
        migration.lay(self.context.hub)
        return self

    def with_entity(self, **changes: Any) -> "Toy":
        """The same project with other rules."""
        entity = replace(next(iter(self.context.entities.values())), **changes)
        self.context.hub.dispose()
        self.context = replace(self.context, entities={entity.name: entity}, hub=Hub(self.context.hub.url, [entity]))
        return self

    def with_stream(self, source: str, **said: str) -> "Toy":
        """The same project with its mdm.toml saying so of a source's stream, in TOML; what it said before goes."""
        path, head = self.folder / "mdm.toml", f"[sources.{source}.streams.things]\n"
        before, _, after = path.read_text(encoding="utf-8").partition(head)
        kept = [line for line in after.splitlines(keepends=True) if line.partition(" ")[0] not in said]
        path.write_text(before + head + "".join(f"{k} = {v}\n" for k, v in said.items()) + "".join(kept), encoding="utf-8")
        self.context = replace(self.context, settings=settings.load(path, environ={}))
        return self

    def deliver(self, source: str, rows: Sequence[Mapping[str, Any]]) -> "Toy":
        """Put a delivery into a source's file; what a row leaves out is empty."""
        lines = [json.dumps({f: row.get(f, "") for f in _FIELDS}) for row in rows]
        (self.folder / f"{source}.jsonl").write_text("\n".join(lines) + "\n" if lines else "", encoding="utf-8")
        return self

    def run(self, **options: Any) -> Report:
        """One run, all entities."""
        return pipeline.run(self.context, **options)

    def forget_bench(self) -> None:
        """Throw the bench away, as anybody may."""
        for path in self.context.settings.hub.bench.glob("*.duckdb*"):
            path.unlink()

    def decide(self, a: str, b: str, verdict: str) -> int:
        """A steward's decision."""
        with self.context.hub.begin() as tx:
            return decisions.decide(tx, "thing", a, b, verdict, actor="steward", reason="because")

    def withdraw(self, number: int) -> None:
        """Take a decision back."""
        with self.context.hub.begin() as tx:
            decisions.withdraw(tx, number, actor="steward", reason="mistake")

    def rows(self, relation: str, columns: str = "*") -> list[dict[str, Any]]:
        """The rows of a published relation."""
        hub = self.context.hub
        name = f"golden.{relation}" if hub.dialect == "postgresql" else f"golden_{relation}"
        with hub.read() as session:
            return [dict(r) for r in session.rows(sa.select(sa.text(columns)).select_from(sa.text(name)))]

    def ids(self) -> dict[str, str]:
        """record -> golden id."""
        return {f"{r['source']}/{r['stream']}:{r['source_key']}": r["golden_id"] for r in self.rows("thing_xref")}

    def partition(self) -> set[frozenset[str]]:
        """The records of each golden record."""
        found: dict[str, set[str]] = {}
        for record, golden_id in self.ids().items():
            found.setdefault(golden_id, set()).add(record)
        return {frozenset(v) for v in found.values()}

    def state(self, *, ids: bool = False) -> dict[str, Any]:
        """Everything published, comparable: times and run numbers left out, ids replaced by members unless `ids`."""
        members: dict[str, list[str]] = {}
        for record, golden_id in sorted(self.ids().items()):
            members.setdefault(golden_id, []).append(record)
        name = {g: g if ids else " ".join(m) for g, m in members.items()}
        state = {
            r: self._relation(r, name)
            for r in ("thing", "thing_part", "thing_link", "thing_lineage", "thing_queue", "thing_xref")
        }
        if ids:
            state |= {r: self._relation(r, name) for r in ("retired",)}
        return state

    def _relation(self, relation: str, name: Mapping[str, str]) -> list[str]:
        skip = {"created_at", "updated_at", "linked_at", "run_id", "model", "since", "retired_at", "known_from", "known_to"}
        rows = []
        for row in self.rows(relation):
            kept = {k: name.get(v, v) if isinstance(v, str) else v for k, v in row.items() if k not in skip}
            rows.append(
                json.dumps({k: (bool(v) if k == "is_primary" else v) for k, v in kept.items()}, sort_keys=True, default=str)
            )
        return sorted(rows)
