"""Spark messages: who is believed, what is stored, and what the vault connector makes of it."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from wsgiref.validate import validator

import pytest

from connectors.vault import Vault
from connectors.vault.inbox import Inbox
from mdm.connector import Context
from mdm.errors import ConfigError
from tests.connectors.messages import ADDRESS, NAME, REQUEST, SIGNER, Sender, key, row
from tests.connectors.reading import Said
from tests.fakes.vault import DNS, PASSWORD, FakeVault
from tests.fakes.vault_spark import Signer, message


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    with FakeVault() as server:
        server.objects[NAME] = [row(at) for at in range(1, 6)]
        server.certificates[SIGNER.id] = SIGNER.certificate()
        yield server


@pytest.fixture
def source(vault: FakeVault) -> Vault:
    return Vault("vault", vault.options(spark_inbox="inbox", spark_address=ADDRESS))


@pytest.fixture
def world(tmp_path: Path) -> Context:
    return Context(home=tmp_path, sleep=lambda seconds: None)


@pytest.fixture
def sender(source: Vault, world: Context) -> Sender:
    return Sender(source, world)


def read(source: Vault, world: Context, state: dict[str, Any] | None = None) -> Said:
    return Said(source.read(world, REQUEST, state))


def stored(world: Context) -> list[str]:
    return sorted(path.name for path in (world.home / "inbox").glob("*.json"))


class TestReceiver:
    def test_a_signed_message_is_stored(self, sender, world):
        assert sender.says(key(1), key(2)) == "200 OK"

        assert list(Inbox(world.home / "inbox", NAME).after(0)) == [([key(1), key(2)], 1)]

    def test_a_message_that_comes_again_is_acknowledged_and_stored_once(self, sender, world):
        assert [sender.says(key(1), message_id="m1", send_attempt=at) for at in (1, 2, 3)] == ["200 OK"] * 3

        assert stored(world) == ["000000000001.json"]

    def test_the_certificate_is_asked_for_once(self, sender, vault):
        for at in range(5):
            sender.says(key(at))

        assert len(vault.asked("/services/certificate/")) == 1

    def test_headers_are_known_in_any_case(self, sender):
        body = message(NAME, [key(1)], host=DNS)

        for change in (str.lower, str.upper, str.title):
            headers = {change(name): value for name, value in SIGNER.headers(body, ADDRESS).items()}
            assert sender.receiver.take(headers, body).status == "200 OK"

    def test_the_query_belongs_to_what_is_signed(self, sender):
        body = message(NAME, [key(1)], host=DNS)
        headers = SIGNER.headers(body, f"{ADDRESS}?queue=a&b=%20")

        assert sender.receiver.take(headers, body, "queue=a&b=%20").status == "200 OK"
        assert sender.receiver.take(headers, body, "queue=b").status == "401 Unauthorized"

    @pytest.mark.parametrize("what", ["body", "header", "url", "signature", "no signature", "key"])
    def test_what_was_altered_is_refused(self, sender, world, what):
        body = message(NAME, [key(1)], host=DNS)
        signer = Signer() if what == "key" else SIGNER
        headers = signer.headers(body, "https://elsewhere.example/spark" if what == "url" else ADDRESS)
        if what == "header":
            headers["X-VaultAPISignature-ExecutionId"] = "another"
        if what == "signature":
            headers["X-VaultAPI-SignatureV2"] = "AAAA" + headers["X-VaultAPI-SignatureV2"][4:]
        if what == "no signature":
            del headers["X-VaultAPI-SignatureV2"]

        status = sender.receiver.take(headers, body + (b" " if what == "body" else b"")).status

        assert status == "401 Unauthorized"
        assert stored(world) == []

    @pytest.mark.parametrize("minutes", [-30, 30], ids=["sent again later", "not good yet"])
    def test_what_was_signed_for_another_time_is_refused(self, sender, minutes):
        body = message(NAME, [key(1)], host=DNS)

        assert sender.send(body, now=datetime.now(UTC) + timedelta(minutes=minutes)) == "401 Unauthorized"

    @pytest.mark.parametrize("name", ["RequestNotBefore", "RequestNotAfter"])
    def test_what_is_good_for_ever_is_refused(self, sender, name):
        assert sender.send(message(NAME, [key(1)], host=DNS), **{name: ""}) == "401 Unauthorized"

    def test_times_may_be_milliseconds(self, sender):
        now = datetime.now(UTC).timestamp()
        times = {"RequestNotBefore": str(int(now * 1000) - 1000), "RequestNotAfter": str(int(now * 1000) + 9000)}

        assert sender.send(message(NAME, [key(1)], host=DNS), **times) == "200 OK"

    def test_a_certificate_that_is_over_signs_nothing(self, sender, vault):
        vault.certificates[SIGNER.id] = SIGNER.certificate(days=-30)

        assert sender.says(key(1)) == "401 Unauthorized"

    def test_a_message_about_another_vault_is_refused(self, sender):
        assert sender.send(message(NAME, [key(1)], host="other.veevavault.com")) == "401 Unauthorized"

    @pytest.mark.parametrize("certificate", ["", "../auth", "a/b", "unknown-0001", "x" * 100])
    def test_a_certificate_the_vault_has_not_is_refused(self, sender, vault, certificate):
        assert sender.send(message(NAME, [key(1)], host=DNS), CertificateId=certificate) == "401 Unauthorized"

        assert all(call.path.endswith("unknown-0001") for call in vault.asked("/services/"))

    def test_a_stranger_cannot_make_us_ask_for_certificates_without_end(self, sender, vault):
        body = message(NAME, [key(1)], host=DNS)

        statuses = [sender.send(body, CertificateId=f"unknown-{at}") for at in range(20)]

        assert statuses[-1] == "503 Service Unavailable"
        assert len(vault.asked("/services/certificate/")) == 6

    @pytest.mark.parametrize(
        "body",
        [b"no json", b"[]", b"{}", message(NAME, ["x' OR 'a'='a"], host=DNS), message(NAME, [7], host=DNS)],  # type: ignore[list-item]
        ids=["text", "list", "nothing", "query in an id", "number"],
    )
    def test_what_has_not_the_shape_of_a_message_is_refused(self, sender, world, body):
        assert sender.send(body) == "401 Unauthorized"
        assert stored(world) == []

    def test_a_vault_that_is_down_is_waited_for_by_the_sender(self, sender, vault):
        vault.fail_once("certificate", *["503 html"] * 20)

        assert sender.says(key(1)) == "503 Service Unavailable"

    def test_an_inbox_that_cannot_be_written_is_not_acknowledged(self, sender, world):
        (world.home / "inbox").write_text("a file in its place")

        assert sender.says(key(1)) == "503 Service Unavailable"

    def test_an_inbox_and_an_address_are_needed(self, vault, world):
        with pytest.raises(ConfigError, match="'spark_inbox' is missing"):
            Vault("vault", vault.options()).receiver(world)

    def test_no_secret_is_shown(self, sender):
        assert PASSWORD not in repr(sender.receiver)


class TestApplication:
    """The receiver behind any WSGI server."""

    def call(self, sender: Sender, body: bytes, **environ: Any) -> tuple[str, bytes]:
        headers = {f"HTTP_{n.upper().replace('-', '_')}": value for n, value in SIGNER.headers(body, ADDRESS).items()}
        said: list[str] = []
        given = {
            "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)), "QUERY_STRING": "", "SCRIPT_NAME": "", "PATH_INFO": "/spark",
            "SERVER_NAME": "x", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(), "wsgi.multithread": True, "wsgi.multiprocess": True,
            "wsgi.run_once": False, **headers, **environ,
        }  # fmt: skip

        def start(status: str, _headers: list, _info: Any = None) -> Any:
            said.append(status)
            return lambda data: None

        answer = validator(sender.receiver)(given, start)
        try:
            return said[0], b"".join(answer)
        finally:
            answer.close()

    def test_a_message_is_taken(self, sender):
        assert self.call(sender, message(NAME, [key(1)], host=DNS)) == ("200 OK", b"taken\n")

    @pytest.mark.parametrize(
        ("environ", "status"),
        [
            ({"REQUEST_METHOD": "GET"}, "405 Method Not Allowed"),
            ({"CONTENT_LENGTH": ""}, "411 Length Required"),
            ({"CONTENT_LENGTH": str(2 << 20)}, "413 Content Too Large"),
        ],
        ids=["get", "no length", "too long"],
    )
    def test_what_is_no_message_is_refused(self, sender, environ, status):
        assert self.call(sender, message(NAME, [key(1)], host=DNS), **environ)[0] == status

    def test_the_application_of_the_documentation_takes_messages(self, vault, tmp_path, monkeypatch):
        page = (Path(__file__).parents[2] / "docs" / "connectors" / "vault.md").read_text(encoding="utf-8")
        lines = [f'{name} = "{value}"' for name, value in vault.options(spark_inbox="inbox", spark_address=ADDRESS).items()]
        text = "\n".join(["[sources.vault]", 'connector = "vault"', *lines]).replace(f'"{PASSWORD}"', '"env:VAULT_PASSWORD"')
        (tmp_path / "mdm.toml").write_text(text, encoding="utf-8")
        monkeypatch.setenv("MDM_CONFIG", str(tmp_path / "mdm.toml"))
        monkeypatch.setenv("VAULT_PASSWORD", PASSWORD)
        names: dict[str, Any] = {}

        exec(page.partition("```python\n")[2].partition("```")[0], names)

        body = message(NAME, [key(1)], host=DNS)
        assert names["app"].take(SIGNER.headers(body, ADDRESS), body).status == "200 OK"
        assert (tmp_path / "inbox" / "000000000001.json").exists()
