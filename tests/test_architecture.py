"""The rooms and who may import whom: read from the sources, never from a running program."""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Each line may import only from lines above it; rooms on one line do not import each other.
LINES = [
    ["errors", "fault"],
    ["settings", "calibration", "caution"],
    ["standard", "identifiers", "survivorship", "identity", "constraint", "digest", "delivered", "mixture", "compare"],
    ["entity", "connector", "checks"],
    ["catalog", "tables", "exposure", "mapping", "project", "prepare", "bench"],
    ["hub"],
    ["audit", "intake", "context", "landing", "rarity"],
    ["model"],
    ["blocking", "decisions", "news", "fingerprint", "report"],
    ["said", "spark"],
    ["question"],
    ["stages"],
    ["train", "explain", "evaluate", "export", "status", "quarantine", "history", "backup"],
    ["suggest", "lookup", "sample", "difference"],
    ["pipeline", "doctor"],
    ["demo", "testing"],
    ["web"],
    ["cli", "airflow"],
]
LEVEL = {room: level for level, rooms in enumerate(LINES) for room in rooms}
# A scheme's normal form is a standardiser.
NEIGHBOURS = {("identifiers", "standard")}

# A library is known only to the rooms named beside it (`stages.match` is one module of a room).
KEEPERS = {
    "splink": {"model", "compare", "stages.match", "stages.cluster", "train", "explain", "lookup.score", "testing.toy", "spark"},
    "pyspark": {"spark"},
    "sqlglot": {"spark"},
    "duckdb": {"bench", "digest", "mapping", "model", "stages.match", "stages.cluster", "train", "explain", "evaluate"},
    "alembic": {"hub"},
    "psycopg": {"hub"},
    "sqlite3": {"hub"},
    "sqlalchemy": {
        "tables", "exposure", "hub", "audit", "intake", "landing", "news", "said", "question", "model", "decisions", "stages", "train", "explain", "lookup", "evaluate", "export",
        "pipeline", "status", "quarantine", "history", "backup", "doctor", "sample", "testing", "web", "cli",
    },
    "pandera": {"", "checks", "prepare"},
    "typer": {"cli"},
    "rich": {"cli"},
    "fastapi": {"web", "airflow"},
    "starlette": {"web", "airflow"},
    "jinja2": {"web", "airflow"},
    "airflow": {"airflow"},
}  # fmt: skip
DOOR = {"mdm", "pandera", "splink", "datetime"}
CONNECTOR_DOOR = {"mdm.connector", "mdm.errors"}
LONGEST = 300
# One file declares one entity, comparisons and all.
LONGER: dict[str, int] = {"rules/hcp.py": 360, "rules/material.py": 360}


@dataclass(frozen=True)
class Import:
    """One import statement: where it stands and what it names."""

    module: str
    target: str
    line: int
    inside: bool

    @property
    def room(self) -> str:
        """The room it stands in: `stages` for `mdm.stages.match`."""
        return self.module.split(".")[1] if "." in self.module else ""

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


def sources(folder: str) -> list[Path]:
    return sorted(p for p in (ROOT / folder).rglob("*.py") if "bundled" not in p.parts)


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(folder: str) -> list[Import]:
    return [found for path in sources(folder) for found in imports_of(path)]


def imports_of(path: Path) -> Iterator[Import]:
    module = module_of(path)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = set(map(id, tree.body))
    typing = {id(n) for block in tree.body if is_typing(block) for n in ast.walk(block)}
    for node in ast.walk(tree):
        inside = id(node) not in top and id(node) not in typing
        if isinstance(node, ast.Import):
            yield from (Import(module, name.name, node.lineno, inside) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = module if path.name == "__init__.py" else module.rpartition(".")[0]
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            origin = ".".join(filter(None, [base, node.module]))
            yield from (Import(module, target(origin, name.name), node.lineno, inside) for name in node.names)


def is_typing(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def target(origin: str, name: str) -> str:
    """`from mdm import tables` names a room; `from mdm.entity import Entity` names a thing in one."""
    inner = ROOT.joinpath(*origin.split("."), name)
    return f"{origin}.{name}" if inner.is_dir() or inner.with_suffix(".py").is_file() else origin


def told(wrong: list[Import]) -> str:
    return "\n".join(map(str, wrong))


MDM = imports("mdm")


def test_every_room_has_its_line():
    rooms = {module_of(path).split(".")[1] for path in sources("mdm") if path != ROOT / "mdm" / "__init__.py"}

    assert rooms <= set(LEVEL), f"give these a line in LINES: {sorted(rooms - set(LEVEL))}"


def test_imports_point_down():
    wrong = [found for found in MDM if found.room and not allowed(found)]

    assert not wrong, told(wrong)


def allowed(found: Import) -> bool:
    parts = found.target.split(".")
    if parts[0] != "mdm" or len(parts) == 1:
        # The bare package is its public door, and says which version this is.
        return True
    room = parts[1]
    if room == found.room:
        # Stages stand beside one another: the pipeline alone knows their order.
        return room != "stages" or len(parts) < 3 or parts[2] == [*found.module.split("."), ""][2]
    return (found.room, room) in NEIGHBOURS or LEVEL[room] < LEVEL[found.room]


def test_a_library_is_known_only_to_its_rooms():
    wrong = [found for found in MDM if not known(found)]

    assert not wrong, told(wrong)


def known(found: Import) -> bool:
    keepers = KEEPERS.get(found.target.split(".")[0])
    place = found.module.removeprefix("mdm").removeprefix(".")
    return keepers is None or any(place == keeper or place.startswith(f"{keeper}.") for keeper in keepers)


def test_rules_come_in_by_the_public_door():
    wrong = [found for found in imports("rules") if found.target.split(".")[0] not in DOOR or not through_door(found)]

    assert not wrong, told(wrong)


def through_door(found: Import) -> bool:
    if found.target.startswith("mdm."):
        from mdm import __all__

        return found.target.removeprefix("mdm.") in __all__
    return not found.target.startswith("splink.") or "comparison" in found.target


def test_connectors_know_the_contract_and_nothing_else_of_mdm():
    wrong = [
        found
        for found in imports("connectors")
        if found.target.split(".")[0] == "mdm" and ".".join(found.target.split(".")[:2]) not in CONNECTOR_DOOR
    ]

    assert not wrong, told(wrong)


def test_dags_stay_light_until_a_task_runs():
    wrong = [
        found
        for found in imports("dags")
        if not found.inside and found.target.startswith("mdm") and not found.target.startswith("mdm.settings")
    ]

    assert not wrong, told(wrong)


def test_nothing_outside_the_tests_imports_them():
    folders = ("mdm", "connectors", "rules", "dags")

    assert not [found for folder in folders for found in imports(folder) if found.target.split(".")[0] == "tests"]


@pytest.mark.parametrize("folder", ["mdm", "connectors", "rules", "dags"])
def test_files_are_short_enough_to_read(folder):
    lengths = {str(p.relative_to(ROOT)): len(p.read_text(encoding="utf-8").splitlines()) for p in sources(folder)}

    assert {name: n for name, n in lengths.items() if n > LONGER.get(name, LONGEST)} == {}


def test_no_module_is_a_drawer_for_odds_and_ends():
    drawers = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}

    assert [p for folder in ("mdm", "connectors", "rules") for p in sources(folder) if p.stem in drawers] == []


# Written in pieces, so that this file does not hold what it looks for.
MACHINE = re.compile("|".join(["/" + r"(?:work|farm|root|home)" + r"/[a-z.]", "/" + r"tmp/\w", r"[A-Z]:\\" + r"Users"]))


def test_the_tree_names_no_machine():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("the tree is no git checkout")
    wrong = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name in listed.stdout.split("\0")
        if name and (ROOT / name).is_file() and not name.startswith("requirements/")
        for number, line in enumerate((ROOT / name).read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if MACHINE.search(line)
    ]

    assert not wrong, "\n".join(wrong)
