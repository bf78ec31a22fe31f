"""The inbox of Spark messages, and what the vault connector makes of them."""

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.vault import Vault
from connectors.vault.client import moment
from connectors.vault.inbox import CHUNK, Inbox, append, cleared
from mdm.connector import Context, StreamRequest
from mdm.errors import ConfigError, DamagedError
from tests.connectors.messages import ADDRESS, NAME, REQUEST, SIGNER, Sender, key, row
from tests.connectors.reading import Said
from tests.fakes.vault import FakeVault


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


class TestInbox:
    def test_numbers_are_given_once_by_many_writers(self, tmp_path):
        def write(writer: int) -> None:
            for at in range(20):
                append(tmp_path, f"{writer}-{at}", NAME, [key(at)])

        writers = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()

        assert [path.name for path in sorted(tmp_path.glob("*.json"))] == [f"{at:012d}.json" for at in range(1, 81)]
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []

    def test_many_ids_are_handed_out_some_at_a_time_and_each_once(self, tmp_path):
        append(tmp_path, "big", NAME, [key(at) for at in range(2 * CHUNK + 1)])
        append(tmp_path, "other", "site__v", [key(9)])
        append(tmp_path, "again", NAME, [key(1), key(1)])

        said = list(Inbox(tmp_path, NAME).after(0))

        assert [(len(ids), upto) for ids, upto in said] == [(CHUNK, 0), (CHUNK, 0), (1, 1), (1, 3)]
        assert list(Inbox(tmp_path, NAME).after(3)) == []

    def test_an_inbox_that_was_emptied_counts_anew(self, tmp_path):
        append(tmp_path, "one", NAME, [key(1)])

        assert list(Inbox(tmp_path, NAME).after(50)) == [([key(1)], 1)]

    def test_a_file_that_is_no_message_is_named(self, tmp_path):
        (tmp_path / "000000000001.json").write_text("{")

        with pytest.raises(DamagedError, match=r"000000000001\.json is no message"):
            list(Inbox(tmp_path, NAME).after(0))

    def test_what_is_a_week_old_is_cleared_but_for_the_newest(self, tmp_path):
        for at in range(3):
            append(tmp_path, str(at), NAME, [key(at)])
        for path in [*tmp_path.glob("*.json"), *(tmp_path / "seen").iterdir()]:
            os.utime(path, (0, 0))

        cleared(tmp_path, datetime.now(UTC).timestamp())

        assert [path.name for path in tmp_path.glob("*.json")] == ["000000000003.json"]
        append(tmp_path, "next", NAME, [key(4)])
        assert list(Inbox(tmp_path, NAME).after(3)) == [([key(4)], 4)]


class TestStream:
    """What the connector makes of the messages."""

    def test_rows_that_messages_name_are_asked_for_again(self, source, world, sender, vault):
        done = read(source, world).states[-1]
        # A formula changed: the row's own time did not.
        vault.objects[NAME][2]["name__v"] = "Ana Three"
        sender.says(key(3))

        said = read(source, world, done)

        assert [payload["name__v"] for payload in said.payloads] == ["Ana Three"]
        assert said.states[-1]["inbox"] == 1

    def test_a_row_that_is_no_more_was_deleted(self, source, world, sender, vault):
        done = read(source, world).states[-1]
        vault.objects[NAME] = vault.objects[NAME][1:]
        sender.says(key(1), key(2))

        said = read(source, world, done)

        assert [(r["source_key"], r["op"]) for r in said.rows] == [(key(2), "upsert"), (key(1), "delete")]

    def test_a_row_that_only_fails_the_condition_was_not_deleted(self, vault, world, sender):
        source = Vault("vault", vault.options(spark_inbox="inbox", where="name__v = 'Ana 2'"))
        done = read(source, world).states[-1]
        sender.says(key(1), key(2), key(77))

        said = read(source, world, done)

        assert [(r["source_key"], r["op"]) for r in said.rows] == [(key(2), "upsert"), (key(77), "delete")]

    def test_a_page_that_shifts_under_a_deletion_deletes_nobody_else(self, vault, source, world, sender):
        done = read(source, world).states[-1]

        def somebody_deletes(server: FakeVault, page: int) -> None:
            if len(server.objects[NAME]) == 5 and server.asked("/query")[-1].form.get("q", "").count("CONTAINS"):
                server.objects[NAME] = server.objects[NAME][1:]

        vault.faults.page_caps.append(2)
        vault.faults.on_page = somebody_deletes
        sender.says(*map(key, range(1, 6)))

        assert "delete" not in {r["op"] for r in read(source, world, done).rows if r["source_key"] != key(1)}

    def test_messages_are_handled_once(self, source, world, sender):
        done = read(source, world).states[-1]
        sender.says(key(1))
        after = read(source, world, done).states[-1]

        assert read(source, world, after).keys == []

    def test_messages_from_before_a_full_reading_are_in_it(self, source, world, sender, vault):
        sender.says(key(1))

        first = read(source, world)

        assert len(first.keys) == 5
        assert first.states[-1]["inbox"] == 1

    def test_messages_about_other_objects_are_passed_over(self, source, world, sender, vault):
        done = read(source, world).states[-1]
        sender.says(key(1), name="site__v")

        said = read(source, world, done)

        assert (said.keys, said.states[-1]["inbox"]) == ([], 1)

    def test_polling_heals_what_got_lost(self, source, world, sender, vault):
        done = read(source, world).states[-1]
        vault.objects[NAME].append(row(6, modified_date__v=moment(datetime.now(UTC).timestamp() - 5)))

        assert read(source, world, done).keys == [key(6)]

    def test_a_reading_may_stop_after_every_checkpoint(self, source, world, sender, vault):
        done = read(source, world).states[-1]
        for at in range(3):
            sender.says(*[key(at * 1000 + n) for n in range(150)])
        whole = read(source, world, done)

        for state in whole.states:
            later = read(source, world, state)
            assert later.rows == whole.rows[len(whole.rows) - len(later.rows) :]

    def test_an_inbox_that_is_not_there_is_noticed(self, source, world):
        assert [notice for notice in read(source, world).notices if "is the receiver" in notice]

    def test_a_key_that_messages_do_not_tell_is_refused(self, source, world):
        with pytest.raises(ConfigError, match="tell ids only"):
            list(source.read(world, StreamRequest(NAME, ("external_id__v",)), None))
