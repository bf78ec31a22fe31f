"""Settings: found, overlaid, anchored, refused by name."""

import os
from pathlib import Path

import pytest

from mdm import settings
from mdm.connector import Option, chosen
from mdm.errors import ConfigError, NotFoundError
from mdm.settings import Condition, LinkSettings, Secret, SparkSettings

WHOLE = """
[hub]
url = "sqlite:///mdm.db"
pseudonym_key = "file:keys/pseudonym"

[gates.hcp]
merged = 0.02

[sources.crm]
connector = "files"
role = "crm"
path = "inbox/accounts_*.csv"

[sources.crm.streams.accounts]
key = ["Id"]
modified = "LastModifiedDate"
distinct = true
deleted = { field = "IsDeleted", values = ["true", "1"] }
inactive = { field = "Deactivated", present = true, unless = "Reactivated" }
merged_into = "MasterRecordId"
ignore = ["OwnerId"]

[[sources.crm.streams.accounts.map]]
entity = "hcp"
where = { RecordType = ["Professional"] }
fields = { NPI = "npi", LastName = ["family_name", "sort_name"], License_1 = "licence[1].number" }
constants = { country = "US", opt_out = false }
values = { status = { A = "active", I = "inactive" } }
links = { Parent = { link = "site", to = "hco/hospitals", role = "practice", valid_from = "Start" } }

[sources.crm.streams.addresses]
path = "inbox/addresses_*.csv"
key = "Id"

[[sources.crm.streams.addresses.map]]
entity = "hcp"
parent = { field = "Account", stream = "accounts", collection = "address" }
fields = { Name = "line_1" }
"""


@pytest.fixture
def written(tmp_path):
    """Writes an mdm.toml and loads it."""

    def write(text, **environ):
        (tmp_path / "mdm.toml").write_text(text, encoding="utf-8")
        return settings.load(tmp_path / "mdm.toml", environ)

    return write


def test_a_whole_file_becomes_settings(written, tmp_path):
    found = written(WHOLE)

    accounts = found.source("crm").stream("accounts")
    mapped = accounts.maps[0]
    assert found.gates == {"hcp": {"merged": 0.02}}
    assert accounts.deleted == Condition("IsDeleted", ("true", "1"))
    assert accounts.inactive == Condition("Deactivated", (), True, "Reactivated")
    assert (accounts.key, accounts.merged_into, accounts.delivery) == (("Id",), ("MasterRecordId",), "delta")
    assert mapped.fields["LastName"] == ("family_name", "sort_name")
    assert mapped.constants == {"country": "US", "opt_out": "false"}
    assert mapped.links == (LinkSettings("site", "hco/hospitals", ("Parent",), "practice", valid_from="Start"),)
    assert found.source("crm").stream("addresses").maps[0].parent.stream == "accounts"


def test_relative_paths_start_at_the_file(written, tmp_path):
    found = written(WHOLE)

    crm = found.source("crm")
    assert found.hub.url == f"sqlite:///{tmp_path}/mdm.db"
    assert found.hub.bench == tmp_path / "mdm.bench"
    assert found.hub.rules == tmp_path / "rules"
    assert found.hub.pseudonym_key == Secret(f"file:{tmp_path}/keys/pseudonym")
    assert crm.options == {"path": f"{tmp_path}/inbox/accounts_*.csv"}
    assert crm.options_of("addresses") == {"path": f"{tmp_path}/inbox/addresses_*.csv"}


def test_addresses_are_not_taken_for_paths(written):
    found = written('[sources.a]\nconnector = "rest"\npath = "https://host/x"\nbase_path = "/api"\nname = "inbox"')

    assert found.source("a").options == {"path": "https://host/x", "base_path": "/api", "name": "inbox"}


def test_the_environment_overrides_any_value(written, tmp_path):
    found = written(
        WHOLE,
        MDM_HUB_URL="postgresql+psycopg://mdm@db/hub",
        MDM_RULES="/rules",
        MDM_GATES__HCP__MERGED="0.5",
        MDM_RUN__THREADS="2",
        MDM_SOURCES__CRM__PATH="other.csv",
        MDM_SOURCES__CRM__STREAMS__ACCOUNTS__DELIVERY="full",
        MDM_SOURCES__CRM__STREAMS__ACCOUNTS__KEY='["A", "B"]',
    )

    crm = found.source("crm")
    assert found.hub.url == "postgresql+psycopg://mdm@db/hub"
    assert found.hub.bench == tmp_path / "mdm.bench"
    assert found.hub.rules == Path("/rules")
    assert found.gates["hcp"]["merged"] == 0.5
    assert found.run.threads == 2
    assert crm.options["path"] == f"{tmp_path}/other.csv"
    assert (crm.stream("accounts").delivery, crm.stream("accounts").key) == ("full", ("A", "B"))


def test_an_override_finds_names_that_an_environment_cannot_spell(written):
    found = written('[sources.ods-eu]\nconnector = "files"', MDM_SOURCES__ODS_EU__CONNECTOR="vault")

    assert found.source("ods-eu").connector == "vault"


def test_mdm_config_names_the_file(tmp_path):
    (tmp_path / "other.toml").write_text("[run]\nengine = 'spark'")

    found = settings.load(environ={"MDM_CONFIG": str(tmp_path / "other.toml")})

    assert found.run.engine == "spark"


def test_the_working_directory_is_where_mdm_toml_is_looked_for(tmp_path, monkeypatch):
    (tmp_path / "mdm.toml").write_text("")
    monkeypatch.chdir(tmp_path)

    assert settings.load(environ={}).path == tmp_path / "mdm.toml"


@pytest.mark.parametrize("environ", [{}, {"MDM_CONFIG": "nowhere.toml"}], ids=["nothing", "named"])
def test_no_file_names_the_two_ways_to_get_one(tmp_path, monkeypatch, environ):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError, match=r"mdm init.*mdm demo"):
        settings.load(environ=environ)


def test_a_variable_is_put_in_place(written):
    found = written('[sources.a]\nconnector = "files"\npath = "${DATA}/x.csv"\nnull = "$${N}"', DATA="/data")

    assert found.source("a").options == {"path": "/data/x.csv", "null": "${N}"}


def test_a_missing_variable_is_named_with_file_and_key(written):
    with pytest.raises(ConfigError, match=r"mdm\.toml: sources\.a\.path uses \$\{MDM_DATA\}"):
        written('[sources.a]\nconnector = "files"\npath = "${MDM_DATA}/x.csv"')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[hubb]", r"no section \[hubb\]; did you mean 'hub'"),
        ("[hub]\nurll = 'x'", r"hub has no setting 'urll'; did you mean 'url'"),
        ("[run]\nengine = 'sparc'", r"run\.engine is 'sparc'; did you mean 'spark'"),
        ("[run]\nmemory = 'much'", r"run\.memory must be a size"),
        ("[gates.hcp]\nmergd = 0.1", r"gates\.hcp has no limit 'mergd'; did you mean 'merged'"),
        ("[gates.hcp]\nmerged = 2", r"gates\.hcp\.merged must be a number from 0 to 1, not 2"),
        ("[sources.a]\nrole = 'x'", r"sources\.a has no 'connector'"),
        ("[sources.'a/b']\nconnector = 'files'", r"source name 'a/b'"),
        ("[sources.steward]\nconnector = 'files'", r"'steward' is the stewards' own"),
        ("[sources.a]\nconnector='f'\n[sources.a.streams.s]\nshrink='lots'", r"streams\.s\.shrink must be a number"),
        ("[sources.a]\nconnector='f'\n[sources.a.streams.s]\nignore=['A*']", r"without wildcards"),
        ("[sources.a]\nconnector='f'\n[sources.a.streams.s]\ndeleted={field='x'}", r"values = \[\.\.\.\] or present"),
        ("[sources.a]\nconnector='f'\n[sources.a.streams.s]\ndeleted={feild='x'}", r"has no 'field'"),
        (
            "[sources.a]\nconnector='f'\n[[sources.a.streams.s.map]]\nentity='h'\nfeilds={}",
            r"map\[1\] has no setting 'feilds'; did you mean 'fields'",
        ),
        ("[sources.a]\nconnector='f'\n[[sources.a.streams.s.map]]\nfields={}", r"map\[1\] has no 'entity'"),
        (
            "[sources.a]\nconnector='f'\n[[sources.a.streams.s.map]]\nentity='h'\nparent={field='x',stream='t',collection='c'}",
            r"parent names the stream 't'; did you mean|parent names the stream 't'; there are: s",
        ),
        ("[sources.a]\nconnector='f'\n[sources.a.streams.s]\npseudonymise='x'", r"pseudonymise needs key"),
        ("[hub]\npseudonym_key = 'abc'", r"must be a reference"),
        ("[hub]\nurl = 1\nurl = 2", r"mdm\.toml, line 3"),
        ("[hub", r"mdm\.toml, line 1"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(written, text, message):
    with pytest.raises(ConfigError, match=message):
        written(text)


def test_a_mistyped_environment_variable_is_refused(written):
    with pytest.raises(ConfigError, match="hubb"):
        written("", MDM_HUBB__URL="x")


def test_a_file_that_is_not_utf8_says_where(tmp_path):
    (tmp_path / "mdm.toml").write_bytes(b"[hub]\nurl = '\xff'")

    with pytest.raises(ConfigError, match="byte 14 is not UTF-8"):
        settings.load(tmp_path / "mdm.toml", {})


def test_an_unquoted_dotted_field_is_a_nested_field(written):
    found = written("[sources.a]\nconnector='f'\n[[sources.a.streams.s.map]]\nentity='h'\nfields={contact.email='email'}")

    assert found.source("a").stream("s").maps[0].fields == {"contact.email": ("email",)}


@pytest.mark.parametrize(
    ("name", "content"), [("codes.csv", "code,value\n1,active\n2,inactive\n"), ("codes.toml", "1 = 'active'\n2 = 'inactive'\n")]
)
def test_a_code_list_may_be_a_file(written, tmp_path, name, content):
    (tmp_path / name).write_text(content)

    found = written(f"[sources.a]\nconnector='f'\n[[sources.a.streams.s.map]]\nentity='h'\nvalues={{status='{name}'}}")

    assert found.source("a").stream("s").maps[0].values == {"status": {"1": "active", "2": "inactive"}}


@pytest.mark.parametrize(("name", "content"), [("codes.csv", "from,to\n1,2\n"), ("codes.toml", "1 ="), ("absent.csv", None)])
def test_a_broken_code_list_is_named(written, tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_text(content)

    with pytest.raises(ConfigError, match=name):
        written(f"[sources.a]\nconnector='f'\n[[sources.a.streams.s.map]]\nentity='h'\nvalues={{status='{name}'}}")


def test_a_source_that_is_not_there_is_not_found(written):
    with pytest.raises(NotFoundError, match="did you mean 'crm'"):
        written(WHOLE).source("crmm")


def test_secrets_are_resolved_late_and_never_shown(written, tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "pseudonym").write_text("k3y\n")
    found = written(WHOLE + "\n[sources.v]\nconnector = 'vault'\npassword = 'env:VAULT_PASSWORD'\nuser = 'plain'")

    password = found.source("v").options["password"]
    assert settings.resolve(password, {"VAULT_PASSWORD": "pa55"}) == "pa55"
    assert settings.resolve(found.hub.pseudonym_key) == "k3y"
    assert settings.resolve(found.source("v").options["user"]) == "plain"
    assert "VAULT_PASSWORD" not in repr(found) + repr(password) + str(password)


@pytest.mark.parametrize("reference", ["env:ABSENT", "file:/absent/key"])
def test_a_secret_that_cannot_be_resolved_says_what_to_do(reference):
    with pytest.raises(ConfigError, match=reference):
        settings.resolve(Secret(reference), {})


def test_a_scheme_can_be_added(written, monkeypatch):
    monkeypatch.setattr("mdm.settings.secret._registered", {"env": os.environ.get})
    settings.register_scheme("keychain", lambda name: f"<{name}>")

    found = written("[sources.v]\nconnector = 'vault'\npassword = 'keychain:vault'\nurl = 'keychain://x'")

    assert settings.resolve(found.source("v").options["password"]) == "<vault>"
    assert found.source("v").options["url"] == "keychain://x"


def test_a_connector_gets_references_for_secrets_and_values_for_the_rest(written, monkeypatch):
    monkeypatch.setenv("VAULT_USER", "ana")
    found = written("[sources.v]\nconnector = 'vault'\npassword = 'env:VAULT_PASSWORD'\nuser = 'env:VAULT_USER'")

    declared = (Option("user", str), Option("password", str, secret=True))
    options = chosen("source 'v'", declared, found.source("v").options)

    assert dict(options) == {"user": "ana", "password": "env:VAULT_PASSWORD"}


def test_spark_is_where_the_settings_say(written, tmp_path):
    loaded = written(
        '[run]\nengine = "spark"\nthreads = 2\n[run.spark]\nfolder = "crossing"\nleast = 5\n'
        '[run.spark.conf]\nspark.executor.memory = "8g"\n"spark.executor.instances" = 4\n'
    )

    assert loaded.run.engine == "spark"
    assert loaded.run.spark == SparkSettings(
        "local[2]", tmp_path / "crossing", 5, {"spark.executor.memory": "8g", "spark.executor.instances": "4"}
    )


def test_spark_without_a_word_is_this_machine_with_all_its_cores(written):
    assert written('[run]\nengine = "spark"\n').run.spark == SparkSettings()


def test_a_mistyped_setting_of_spark_is_refused(written):
    with pytest.raises(ConfigError, match=r"run\.spark has no setting 'maste'; did you mean 'master'\?"):
        written('[run.spark]\nmaste = "local"\n')
