"""The project's own folders come before those of the package."""

import pytest

from mdm import project
from mdm.errors import UsageError
from mdm.settings import load


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "mdm.toml").write_text('[hub]\nrules = "our/rules"\n')
    return load(tmp_path / "mdm.toml")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with folders of its own, as a wheel has them."""
    bundled = tmp_path / "site" / "mdm" / "bundled"
    for name in ("rules/hcp.py", "migrations/env.py", "migrations/hub/0001.py", "migrations/entities/0001.py"):
        (bundled / name).parent.mkdir(parents=True, exist_ok=True)
        (bundled / name).write_text("")
    monkeypatch.setattr(project, "_PACKAGE", bundled.parent)
    return bundled


def test_the_bundled_rules_serve_a_project_without_rules(settings, package):
    assert project.folder(settings, "rules") == package / "rules"


def test_the_projects_rules_and_their_migrations_come_first(settings, package, tmp_path):
    for kind in ("rules", "migrations"):
        (tmp_path / "our" / kind).mkdir(parents=True)

    assert project.folder(settings, "rules") == tmp_path / "our" / "rules"
    assert project.folder(settings, "migrations") == tmp_path / "our" / "migrations"


def test_a_checkout_serves_its_own_folders(package, tmp_path, monkeypatch):
    checkout = tmp_path / "checkout"
    (checkout / "rules").mkdir(parents=True)
    monkeypatch.setattr(project, "_PACKAGE", checkout / "mdm")

    assert project.bundled("rules") == checkout / "rules"


def test_a_copy_leaves_the_hubs_branch_in_the_package(package, tmp_path):
    copied = project.copy("migrations", tmp_path / "mine")

    assert sorted(p.relative_to(copied).as_posix() for p in copied.rglob("*.py")) == ["entities/0001.py", "env.py"]


def test_a_copy_never_writes_over_what_is_there(package, tmp_path):
    project.copy("rules", tmp_path)

    with pytest.raises(UsageError, match="exists already"):
        project.copy("rules", tmp_path)
