"""Every secret option of every connector, against a server that says back all it was told: nothing of it shows anywhere.

Not in what commands print, not in the log, not in `repr`, not in the hub's file.
"""

import base64
import json
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from mdm import catalog, settings
from mdm.catalog import GROUP
from mdm.cli.app import run
from mdm.connector import Context

# A key of a REDCap project is 32 hexadecimal digits; the others hold what is written in other ways on the way.
HEX = "CA9A121E00000000000000000000CA9A"
COMMANDS = (["sync"], ["doctor"], ["sources", "--json"], ["discover", "it"])
FILES = {
    "a store": ({"path": "s3://bucket/*.csv", "endpoint_url": "{url}", "region": "eu-west-1"}, ("access_key", "secret_key", "session_token")),
    "a server of files": (
        {"path": "sftp://mdm@127.0.0.1:{port}/out/*.csv", "host_key": "SHA256:" + "A" * 43}, ("password", "private_key"),
    ),
}  # fmt: skip
VAULT = {"base_url": "{url}", "login_url": "{url}", "oauth_profile": "_invented"}
SALESFORCE = {"base_url": "{url}", "client_id": "invented"}
# Options of a source that leads to the server, and which secrets it uses on the way.
CASES: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    *(("files", *case) for case in FILES.values()),
    *(("odm", *case) for case in FILES.values()),
    ("network", {"base_url": "{url}", "username": "mdm"}, ("password",)),
    ("rave", {"base_url": "{url}", "username": "mdm", "study": "Invented"}, ("password",)),
    ("redcap", {"base_url": "{url}/api/"}, ("token",)),
    ("salesforce", SALESFORCE, ("client_secret",)),
    ("salesforce", {**SALESFORCE, "grant": "password", "username": "mdm"}, ("client_secret", "password")),
    ("salesforce", {**SALESFORCE, "grant": "jwt", "username": "mdm"}, ("private_key",)),
    ("vault", {"base_url": "{url}", "username": "mdm"}, ("password",)),
    ("vault", VAULT, ("token",)),
    ("vault", {**VAULT, "token_url": "{url}/token", "client_id": "mdm"}, ("client_secret",)),
]
WAYS = {"refused, in words": (401, "text/plain"), "a good answer, as JSON": (200, "application/json")}


class Echo:
    """A server that answers every call with all that it was told, as text or inside JSON."""

    def __init__(self, status: int, kind: str) -> None:
        self.heard: list[str] = []
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
                said = f"{self.command} {self.path}\n{self.headers}\n{body}"
                heard.append(said)
                plain = {"errors": [{"type": said, "message": said}], "error": said, "error_description": said}
                text = json.dumps({**plain, "responseStatus": "FAILURE", "responseMessage": said}) if "json" in kind else said
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_POST = do_HEAD = do_PUT = do_GET

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])


@pytest.fixture(params=WAYS)
def echo(request) -> Iterator[Echo]:
    made = Echo(*WAYS[request.param])
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module")
def laid(tmp_path_factory) -> Path:
    """A hub with its tables."""
    folder = tmp_path_factory.mktemp("laid")
    (folder / "mdm.toml").write_text('[hub]\nurl = "sqlite:///mdm.db"\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run(["migrate"]) == 0
    return folder / "mdm.db"


def quickly(world: Callable[..., Context]) -> Callable[..., Context]:
    """A world in which waiting takes no time."""

    def made(*arguments: Any, **more: Any) -> Context:
        now = [time.time()]
        return replace(
            world(*arguments, **more), clock=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds)
        )

    return made


def secret_of(option: str) -> str:
    return HEX if option == "token" else f"canary+{option}/of=a ca&ge"


def written(secret: str) -> list[str]:
    """The ways a secret may stand in a text."""
    coded = base64.b64encode(f"mdm:{secret}".encode()).decode()
    return [secret, json.dumps(secret)[1:-1], quote(secret), quote(secret, safe=""), quote_plus(secret), coded]


def test_every_secret_option_is_tried():
    declared = {
        (entry.name, option.name) for entry in entry_points(group=GROUP) if entry.value.startswith("connectors.")
        for option in entry.load().options if option.secret
    }  # fmt: skip

    assert declared == {(connector, secret) for connector, _, secrets in CASES for secret in secrets}


@pytest.mark.parametrize(
    ("connector", "options", "secrets"), CASES, ids=[f"{name}-{'+'.join(secrets)}" for name, _, secrets in CASES]
)
def test_a_secret_shows_nowhere(connector, options, secrets, echo, laid, tmp_path: Path, monkeypatch, capfd, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(catalog, "world", quickly(catalog.world))
    lines = [
        f"{name} = {json.dumps(value.format(url=f'http://127.0.0.1:{echo.port}', port=echo.port))}"
        for name, value in options.items()
    ]
    for secret in secrets:
        monkeypatch.setenv(f"CANARY_{secret.upper()}", secret_of(secret))
        lines.append(f'{secret} = "env:CANARY_{secret.upper()}"')
    (tmp_path / "mdm.toml").write_text(
        '[hub]\nurl = "sqlite:///mdm.db"\n[sources.it]\n' + "\n".join([f'connector = "{connector}"', *lines])
        + '\n[sources.it.streams.sites]\nkey = ["id"]\n' + ("content = \"dags\"\n" if connector == "redcap" else "")
    )  # fmt: skip
    shutil.copy(laid, tmp_path / "mdm.db")
    told = [repr(catalog.connector(settings.load().source("it")))]

    for command in COMMANDS:
        run(command)
        said = capfd.readouterr()
        told += [said.out, said.err]

    told += [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    told += [path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    shown = [
        (way, text[max(0, text.index(way) - 200) :][:300])
        for secret in secrets
        for way in written(secret_of(secret))
        for text in told
        if way in text
    ]
    assert shown == []
