"""The wheel: what is in it, and that it works where nothing of the checkout is at hand."""

import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHIPPED = {
    "mdm/": {".py", ".html", ".css", ".js", ".svg", ".txt", ".mako", ".toml", ".sql", ".csv", ".md", ".typed", ".java"},
    "connectors/": {".py"},
    "lifescience_mdm-": {"", ".txt"},
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    pip(sys.executable, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


def pip(python: str | Path, *arguments: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """An environment with the wheel in it; its dependencies are lent by the one that runs the tests."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip(python, "install", "--no-deps", "--no-index", wheel)
    scheme = {"base": str(home), "platbase": str(home)}
    # Lent by path, so that the checkout's own .pth file, one level further, is not read.
    lent = Path(sysconfig.get_path("purelib", vars=scheme)) / "lent.pth"
    lent.write_text(sysconfig.get_path("purelib"))
    return python.parent


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def run(program: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MDM_", "PYTHONPATH", "PYTEST"))}
    return subprocess.run([program, *arguments], cwd=cwd, env=clean, capture_output=True, text=True, check=False, timeout=300)


def test_the_wheel_holds_only_what_is_listed(wheel):
    odd = [
        name
        for name in names(wheel)
        if not any(name.startswith(top) and Path(name).suffix in suffixes for top, suffixes in SHIPPED.items())
        and ".dist-info/" not in name
    ]

    assert odd == []


def test_the_wheel_brings_rules_and_migrations_along(wheel):
    inside = names(wheel)

    for entity in ("hcp", "site", "material"):
        assert f"mdm/bundled/rules/{entity}.py" in inside
    for branch in ("hub", "entities"):
        assert any(name.startswith(f"mdm/bundled/migrations/{branch}/") for name in inside), branch


def test_every_connector_named_in_the_project_is_in_the_wheel(wheel, installed, tmp_path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = sorted(project["entry-points"]["mdm.connectors"])
    program = (
        "from importlib.metadata import entry_points as found; "
        "print(sorted(e.name for e in found(group='mdm.connectors') if e.load()))"
    )

    done = run(installed / "python", "-c", program, cwd=tmp_path)

    assert done.stdout.strip() == str(wanted), done.stderr


def test_an_installed_wheel_reads_nothing_of_the_checkout(installed, tmp_path):
    program = "import mdm, connectors, mdm.project as p; print(mdm.__file__, connectors.__path__[0], p.bundled('rules'))"

    done = run(installed / "python", "-c", program, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert str(ROOT) not in done.stdout


def test_the_demo_works_from_the_wheel_in_an_empty_folder(installed, tmp_path):
    done = run(installed / "mdm", "demo", "trial", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "trial" / "mdm.toml").is_file()
    again = run(installed / "mdm", "run", "--json", cwd=tmp_path / "trial")
    assert again.returncode == 0, again.stderr
