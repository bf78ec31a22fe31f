"""Sessions with a Vault by OAuth, what it says of its objects, and merges."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.vault import Vault
from connectors.vault.client import moment
from mdm.connector import Context, StreamRequest
from mdm.errors import ConfigError, DamagedError, DeniedError
from tests.connectors.reading import Said
from tests.fakes.vault import DNS, PASSWORD, SECRET, TOKEN, FakeVault

NAME = "account__v"
REQUEST = StreamRequest(NAME, ("id",), "modified_date__v")
TOKENS = {"env:TOKEN": TOKEN, "env:SECRET": SECRET, "env:OTHER": "another-secret"}


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    with FakeVault() as server:
        server.objects[NAME] = [row(at) for at in range(1, 26)]
        yield server


def key(at: int) -> str:
    return f"V0P{at:012d}"


def row(at: int) -> dict[str, Any]:
    return {"id": key(at), "name__v": f"Ana {at}", "kind__c": ["hcp__c"], "modified_date__v": "2026-01-01T00:00:00.000Z"}


def world() -> Context:
    return Context(resolve=TOKENS.__getitem__, sleep=lambda seconds: None)


def read(options: dict[str, Any], state: dict[str, Any] | None = None, request: StreamRequest = REQUEST) -> Said:
    return Said(Vault("crm", options).read(world(), request, state))


def with_secret(vault: FakeVault, **more: Any) -> dict[str, Any]:
    given = {"token_url": f"{vault.url}/token", "client_id": "mdm", "client_secret": "env:SECRET", **more}
    return vault.oauth_options(**given)


class TestOAuth:
    def test_a_token_opens_a_session(self, vault):
        said = read(vault.oauth_options(token="env:TOKEN", client_id="mdm"))

        assert len(said.keys) == 25
        (call,) = vault.asked("/auth/oauth/session/")
        assert (call.path.rsplit("/", 1)[-1], call.form) == ("_invented-profile", {"vaultDNS": DNS, "client_id": "mdm"})

    def test_a_token_is_asked_for_where_a_secret_is_given(self, vault):
        said = read(with_secret(vault, scope="vault"))

        assert len(said.keys) == 25
        assert vault.asked("/token")[0].form["scope"] == "vault"

    def test_a_session_that_ends_is_renewed(self, vault):
        vault.faults.sessions_last = 2

        assert len(set(read({**with_secret(vault), "page_size": 10}).keys)) == 25

    @pytest.mark.parametrize("which", ["token", "client_secret"])
    def test_a_refused_token_or_secret_is_shown_once(self, vault, which):
        options = vault.oauth_options(token="env:OTHER") if which == "token" else with_secret(vault, client_secret="env:OTHER")

        with pytest.raises(DeniedError) as caught:
            read(options)

        assert len(vault.asked("/token" if which == "client_secret" else "/oauth/")) == 1
        assert "another-secret" not in str(caught.value)

    def test_a_login_to_another_vault_reads_nothing(self, vault):
        vault.faults.wrong_vault = True

        with pytest.raises(DeniedError, match="logged in to Vault 2002"):
            read(vault.oauth_options(token="env:TOKEN"))

        assert vault.asked("/query") == []

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"token": None}, "needs `token`, or `token_url`"),
            ({"oauth_profile": None, "username": "u", "password": "env:TOKEN"}, "set `oauth_profile` too"),
            ({"base_url": None}, "'base_url' is missing"),
        ],
        ids=["no token", "no profile", "no address"],
    )
    def test_what_is_missing_is_named(self, vault, change, words):
        options = {name: value for name, value in {**vault.oauth_options(token="env:TOKEN"), **change}.items() if value}

        with pytest.raises(ConfigError, match=words):
            Vault("crm", options)

    @pytest.mark.parametrize("name", ["login_url", "token_url"])
    def test_a_token_never_travels_in_the_clear(self, vault, name):
        with pytest.raises(ConfigError, match="in the clear"):
            read({**with_secret(vault), name: "http://login.example/token"})

    def test_secrets_never_show(self, vault, caplog):
        connector = Vault("crm", with_secret(vault))
        shown = repr([*connector.read(world(), REQUEST, None)]) + repr(connector) + repr(connector.__dict__)

        assert [secret for secret in (TOKEN, SECRET, *vault.sessions) if secret in shown + caplog.text] == []


class TestLogin:
    def test_a_refused_user_is_not_tried_again_for_the_next_stream(self, vault):
        connector, context = Vault("crm", vault.options(password="env:OTHER")), world()

        for name in (NAME, "site__v", "country__v"):
            with pytest.raises(DeniedError):
                list(connector.read(context, StreamRequest(name), None))

        assert len(vault.asked("/auth")) == 1

    @pytest.mark.parametrize(("kind", "rights"), [("query", True), ("auth", False)])
    def test_a_missing_right_is_told_from_a_refused_user(self, vault, kind, rights):
        vault.fail_once(kind, "INSUFFICIENT_ACCESS")

        with pytest.raises(DeniedError) as caught:
            read(vault.oauth_options(token="env:TOKEN"))

        assert caught.value.rights is rights

    def test_sources_of_one_vault_keep_one_pace(self, vault):
        tenants = {Vault("a", vault.options()).tenant, Vault("b", vault.oauth_options(token="env:TOKEN")).tenant}

        assert tenants == {f"vault:{DNS}"}

    def test_a_login_that_does_not_say_where_it_led_is_refused(self, vault, monkeypatch):
        monkeypatch.setattr(vault, "_session", lambda: {"responseStatus": "SUCCESS", "sessionId": "X"})

        with pytest.raises(DeniedError, match="does not say which Vault"):
            read(vault.oauth_options(token="env:TOKEN"))

    def test_a_login_without_a_session_is_damage(self, vault, monkeypatch):
        monkeypatch.setattr(vault, "_session", lambda: {"responseStatus": "SUCCESS"})

        with pytest.raises(DamagedError, match="without a session"):
            read(vault.oauth_options(token="env:TOKEN"))


class TestDescription:
    def test_fields_are_told_with_label_and_picklist(self, vault):
        vault.types[NAME] = {"id": "ID", "kind__c": "Picklist", "country__v": "Object", "modified_date__v": "DateTime"}
        vault.about[NAME] = {
            "kind__c": {"label": "Kind", "picklist": "kinds__c", "required": True},
            "country__v": {"label": "Country", "object": {"name": "country__v"}},
        }
        vault.picklists["kinds__c"] = [
            {"name": "hcp__c", "label": "Professional"},
            {"name": "old__c", "label": "Old", "status": ["inactive__v"]},
        ]

        (stream,) = Vault("crm", vault.options(password=PASSWORD)).discover(Context())

        fields = {field.name: (field.type, field.about) for field in stream.fields}
        assert fields["kind__c"] == (
            "Picklist",
            "Kind; required; picklist kinds__c: hcp__c (Professional), old__c (Old, inactive)",
        )
        assert fields["country__v"] == ("Object", "Country; refers to country__v")

    def test_a_picklist_is_asked_for_once(self, vault):
        vault.objects["site__v"] = [row(1)]
        for name in (NAME, "site__v"):
            vault.about[name] = {"kind__c": {"picklist": "kinds__c"}}
        vault.picklists["kinds__c"] = [{"name": f"v{at}__c", "label": str(at)} for at in range(100)]

        streams = Vault("crm", vault.options()).discover(Context())

        assert len(vault.asked("/picklists/")) == 1
        assert "and 40 more" in next(field.about for field in streams[1].fields if field.name == "kind__c")

    def test_a_picklist_that_may_not_be_read_stops_nothing(self, vault):
        vault.about[NAME] = {"kind__c": {"picklist": "hidden__c"}}

        (stream,) = Vault("crm", vault.options()).discover(Context())

        assert "cannot be read" in next(field.about for field in stream.fields if field.name == "kind__c")

    def test_what_the_vault_warns_of_is_a_notice_once(self, vault):
        vault.faults.warning = "some fields were left out"

        said = Said(Vault("crm", vault.options()).read(Context(), REQUEST, None))

        assert [notice for notice in said.notices if "left out" in notice] == [
            "account__v: the Vault warns: SOME_WARNING: some fields were left out"
        ]
        assert len(said.keys) == 25


class TestMerges:
    """A merge deletes the loser; its job tells who won."""

    def at(self, ago: float = 5) -> str:
        return moment(datetime.now(UTC).timestamp() - ago)

    def read(self, vault: FakeVault, state: dict[str, Any] | None = None, **more: Any) -> Said:
        return Said(Vault("crm", vault.options(**{"merges": True, **more})).read(Context(), REQUEST, state))

    def test_a_merged_record_is_told_with_its_winner(self, vault):
        done = self.read(vault).states[-1]
        vault.merge(NAME, key(3), key(4), self.at())
        vault.delete(NAME, key(5), self.at())

        said = self.read(vault, done)

        assert {(r["source_key"], r["op"], r["merged_into"]) for r in said.rows} == {
            (key(3), "merged_into", key(4)),
            (key(5), "delete", None),
        }

    def test_the_next_run_does_not_turn_it_into_a_deletion(self, vault):
        done = self.read(vault).states[-1]
        vault.merge(NAME, key(3), key(4), self.at())
        after = self.read(vault, done).states[-1]

        assert {r["op"] for r in self.read(vault, after).rows} == {"merged_into"}

    def test_a_merge_is_told_in_a_full_reading_too(self, vault):
        vault.merge(NAME, key(3), key(4), self.at())

        assert ("merged_into", key(4)) in {(r["op"], r["merged_into"]) for r in self.read(vault).rows}

    def test_other_jobs_and_failed_merges_tell_nothing(self, vault):
        vault.jobs = [
            {"job_id": "1", "title": "Update Records"},
            {"job_id": "2", "title": "Merge Records"},
            {"job_id": "3", "title": "merge"},
        ]
        vault.merges = {"2": [{"responseStatus": "FAILURE", "duplicate_record_id": key(1), "main_record_id": key(2)}]}

        said = self.read(vault)

        assert {r["op"] for r in said.rows} == {"upsert"}
        assert [notice for notice in said.notices if "merge job 3 cannot be read" in notice]

    def test_a_job_may_be_named(self, vault):
        vault.merge(NAME, key(3), key(4), self.at())
        vault.jobs.clear()

        said = self.read(vault, merges=False, merge_jobs=["9000"])

        assert ("merged_into", key(4)) in {(r["op"], r["merged_into"]) for r in said.rows}

    def test_jobs_are_not_asked_for_unless_wanted(self, vault):
        self.read(vault, merges=False)

        assert vault.asked("/jobs/") == []

    def test_many_jobs_come_in_pages(self, vault):
        vault.jobs = [{"job_id": str(at), "title": "Update Records"} for at in range(450)]

        self.read(vault)

        assert [call.form["offset"] for call in vault.asked("/jobs/")] == ["0", "200", "400"]

    def test_a_user_without_the_right_is_told(self, vault):
        vault.fail_once("histories", "INSUFFICIENT_ACCESS")

        with pytest.raises(DeniedError):
            self.read(vault)
