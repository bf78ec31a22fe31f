"""Pulling: one budget for a tenant, one login that is refused, and streams that do not stop each other."""

import json
import logging
from typing import ClassVar

import pytest
import sqlalchemy as sa

from mdm import catalog, pipeline, settings
from mdm.connector import Checkpoint, Complete, Context
from mdm.context import Context as Opened
from mdm.errors import DeniedError, UnavailableError
from mdm.hub import Hub, migration
from tests.landing.scripted import Scripted, rows

SOURCE = """
[sources.{name}]
connector = "scripted"
{options}

[sources.{name}.streams.things]
key = ["id"]

[sources.{name}.streams.others]
key = ["id"]
"""


class Tenant(Scripted):
    """One account of a shared installation; it keeps what it was given."""

    tenant: str | None = "scripted:one.example"
    seen: ClassVar[list[tuple[str, Context]]] = []

    def read(self, context, request, state):
        self.seen.append((self.name, context))
        yield from super().read(context, request, state)


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """A project of scripted sources, each with two streams: `opened(Kind, a="option = 1", b="")`."""
    hubs = []

    def build(kind: type[Scripted], **sources: str) -> Opened:
        text = f'[hub]\nurl = "sqlite:///{tmp_path}/hub.db"\n'
        text += "".join(SOURCE.format(name=name, options=options) for name, options in sources.items())
        (tmp_path / "mdm.toml").write_text(text, encoding="utf-8")
        monkeypatch.setattr(catalog, "connector_class", lambda name: kind)
        hubs.append(Hub(f"sqlite:///{tmp_path}/hub.db"))
        migration.lay(hubs[-1])
        return Opened(settings.load(tmp_path / "mdm.toml", environ={}), {}, hubs[-1], "tester")

    Tenant.seen.clear()
    yield build
    for hub in hubs:
        hub.dispose()


def budgets() -> dict[str, int]:
    return {name: id(context.budget) for name, context in Tenant.seen}


def test_sources_of_one_tenant_share_one_budget_and_the_strictest_limit(opened):
    pipeline.sync(opened(Tenant, a="per_second = 5.0", b="per_second = 2.0", c=""))

    assert len(set(budgets().values())) == 1
    assert Tenant.seen[-1][1].budget.per_second == 2.0


def test_a_source_whose_connector_names_no_tenant_has_a_budget_of_its_own(opened):
    class Alone(Tenant):
        tenant = None

    pipeline.sync(opened(Alone, a="per_second = 5.0", b=""))

    assert len(set(budgets().values())) == 2
    assert {name: context.budget.per_second for name, context in Tenant.seen} == {"a": 5.0, "b": None}


def test_streams_of_one_source_share_context_and_budget(opened):
    pipeline.sync(opened(Tenant, a=""))

    one, two = (context for _, context in Tenant.seen)
    assert one is two
    assert [request.stream for request in one.streams] == ["things", "others"]


def test_a_limit_of_nothing_is_refused(opened):
    (report,) = pipeline.sync(opened(Tenant, a="per_second = 0.0"))

    assert "'per_second' must be at least 0.001" in report.error


class Wiping(Scripted):
    """Sends a mass of deletions, though nothing is gone but one."""

    def read(self, context, request, state):
        keys = [str(number) for number in range(50)]
        if state is None:
            yield rows(*(keys if not Tenant.seen else keys[1:]), name="x")
            Tenant.seen.append((self.name, context))
            yield Complete()
        else:
            yield rows(*keys, op="delete")
        yield Checkpoint({"at": 1})


def test_a_full_run_sees_for_itself_whether_a_mass_of_deletions_is_true(opened):
    context = opened(Wiping, a="")
    record = context.hub.fixed["source_record"]
    pipeline.sync(context)

    refused = pipeline.sync(context)[0]
    seen = pipeline.sync(context, anew=True)[0]

    assert "deletes 50 of 50 records" in refused.error
    assert (seen.error, seen.read["deleted"]) == (None, 1)
    with context.hub.read() as session:
        left = session.scalar(sa.select(sa.func.count()).where(record.c.op != "delete", record.c.stream == "things"))
    assert left == 49


class Refused(Tenant):
    """Refuses whoever comes, and counts them."""

    rights = False

    def read(self, context, request, state):
        Tenant.seen.append((request.stream, context))
        error = DeniedError("HTTP 401; correct the credentials")
        error.rights = self.rights
        raise error
        yield


def test_a_refused_login_is_tried_once_in_a_sync_whatever_the_streams(opened):
    reports = pipeline.sync(opened(Refused, a=""))

    assert [name for name, _ in Tenant.seen] == ["things"]
    assert [report.error for report in reports] == [
        "HTTP 401; correct the credentials",
        "not asked: the source refused us at stream 'things'; correct that first",
    ]


def test_a_right_that_is_missing_for_one_stream_does_not_stop_the_other(opened):
    class Missing(Refused):
        rights = True

    pipeline.sync(opened(Missing, a=""))

    assert [name for name, _ in Tenant.seen] == ["things", "others"]


def test_a_failure_shows_no_secret_in_report_hub_or_log(opened, caplog, tmp_path):
    class Telling(Scripted):
        def read(self, context, request, state):
            word = context.secrets.reveal(self.chosen["password"])
            yield rows("1", name="x")
            raise UnavailableError(f"asked with {word}") from ValueError(f"deep down {word}")

    (tmp_path / "word").write_text("a-very-secret-word")
    context = opened(Telling, a=f'password = "file:{tmp_path}/word"')
    with caplog.at_level(logging.DEBUG):
        (report, _) = pipeline.sync(context)

    assert report.error == "asked with ***"
    assert "deep down ***" in " ".join(str(vars(record)) for record in caplog.records)
    assert "a-very-secret-word" not in caplog.text + " ".join(str(vars(record)) for record in caplog.records)
    assert b"a-very-secret-word" not in (tmp_path / "hub.db").read_bytes()


def test_evidence_is_shown_with_the_sources(opened, monkeypatch, capsys):
    from mdm.cli.source import sources

    class Asking(Scripted):
        def read(self, context, request, state):
            context.evidence.asked()
            yield rows("1", name="x")
            yield Checkpoint({"page": 1})

    context = opened(Asking, a="")
    pipeline.sync(context)
    monkeypatch.chdir(context.settings.folder)
    sources(json=True)

    found = json.loads(capsys.readouterr().out)[0]["evidence"]
    assert {name: found[name] for name in ("run", "requests", "bytes_read", "first_state", "last_state")} == {
        "run": 1, "requests": 1, "bytes_read": 0, "first_state": None, "last_state": {"page": 1},
    }  # fmt: skip
    assert len(found["content_hash"]) == 64
