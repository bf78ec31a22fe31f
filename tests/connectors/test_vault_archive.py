"""Direct Data archives that are damaged, cut off, or made to harm."""

import io
import tarfile
from collections.abc import Iterator

import pytest

from connectors.vault.direct import archive as guards
from mdm.connector import StreamRequest
from mdm.errors import DamagedError, UnavailableError
from tests.connectors.archives import NAME, NIGHT, TIMES, Clock, key, only, opened, read, row, sound
from tests.fakes.vault import FakeVault
from tests.fakes.vault_direct import News, packed, table


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    with opened() as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_part_that_arrives_damaged_is_asked_for_again(vault, clock):
    name = vault.direct.incremental(TIMES[0], TIMES[1], News({NAME: [row(26)]}), parts=2)
    vault.direct.damaged[f"{name}.002"] = 2

    assert read(vault, clock).keys[-1] == key(26)
    assert len(clock.slept) == 2


def test_a_part_that_stays_damaged_stops_the_stream(vault, clock):
    name = vault.direct.incremental(TIMES[0], TIMES[1], News({NAME: [row(26)]}))
    vault.direct.damaged[f"{name}.001"] = 99

    with pytest.raises(UnavailableError, match="md5"):
        read(vault, clock)


def test_a_missing_part_is_noticed(vault, clock):
    vault.direct.incremental(TIMES[0], TIMES[1], News({NAME: [row(26)]}), parts=3)
    vault.direct.items[-1]["filepart_details"].pop(1)

    with pytest.raises(DamagedError, match="3 parts are claimed"):
        read(vault, clock)


def test_addresses_in_the_list_are_not_followed(vault, clock):
    assert "elsewhere.invalid" in str(vault.direct.items)

    assert len(read(vault, clock).keys) == 25


@pytest.mark.parametrize("name", ["../auth", "a/b", "..", "", "x" * 300, "a?b=c"])
def test_a_part_with_a_strange_name_is_not_asked_for(vault, clock, name):
    vault.direct.items[0]["filepart_details"][0]["name"] = name

    with pytest.raises(DamagedError, match="no name of an archive"):
        read(vault, clock)


def test_a_manifest_that_counts_other_records_is_damage(vault, clock):
    manifest = table([{"extract": NAME, "type": "updates", "records": "3", "file": "Object/account__v.csv"}])
    only(vault, [("manifest.csv", manifest), ("Object/account__v.csv", table([row(1), row(2)]))])

    with pytest.raises(DamagedError, match="2 records where the manifest says 3"):
        read(vault, clock)


def test_a_table_the_manifest_names_and_nobody_packed_is_damage(vault, clock):
    manifest = table([{"extract": NAME, "type": "updates", "records": "3", "file": "Object/account__v.csv"}])
    only(vault, [("manifest.csv", manifest)])

    with pytest.raises(DamagedError, match="cut off"):
        read(vault, clock)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b'id,name__v\n1,"cut', "cut off"), (b"id,name__v\n1,a\n2,b,c,d\n", "no table"), (b"id,name__v\n1,\xff\xfe\n", "no table")],
    ids=["open quote", "ragged", "no text"],
)
def test_a_broken_table_is_named(vault, clock, content, words):
    manifest = table([{"extract": NAME, "type": "updates", "records": "2", "file": "Object/account__v.csv"}])
    only(vault, [("manifest.csv", manifest), ("Object/account__v.csv", content)])

    with pytest.raises(DamagedError, match=words):
        read(vault, clock, request=StreamRequest("account__v", ("id",)))


def test_records_in_no_file_are_no_proof_that_there_are_none(vault, clock):
    only(vault, [("manifest.csv", table([{"extract": NAME, "type": "updates", "records": "3", "file": ""}]))])

    with pytest.raises(DamagedError, match="3 records in no file"):
        read(vault, clock)


@pytest.mark.parametrize("name", ["../manifest.csv", "/etc/passwd", "Object/../../x.csv", "C:\\x.csv", "a\\b.csv"])
def test_a_member_that_wants_to_be_elsewhere_is_refused(vault, clock, name):
    only(vault, [(name, b"x"), *sound()])

    with pytest.raises(DamagedError, match="no plain file of its own"):
        read(vault, clock)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(vault, clock, kind):
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as tar:
        link = tarfile.TarInfo("Object/account__v.csv")
        link.type, link.linkname = kind, "/etc/passwd"
        tar.addfile(link)
    vault.direct.items.clear()
    vault.direct.offer("F", "2000-01-01T00:00Z", NIGHT, held.getvalue())

    with pytest.raises(DamagedError, match="no plain file of its own"):
        read(vault, clock)


def test_an_archive_that_unpacks_beyond_reason_is_left(vault, clock, monkeypatch):
    monkeypatch.setattr(guards, "ALLOWED", 1 << 20)
    only(vault, [*sound(), ("Object/other__v.csv", bytes(8 << 20))])

    with pytest.raises(DamagedError, match="200 times its size"):
        read(vault, clock)


def test_a_header_that_would_fill_the_memory_is_left(vault, clock):
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(tarfile.TarInfo("x" * 200_000))
    vault.direct.items.clear()
    vault.direct.offer("F", "2000-01-01T00:00Z", NIGHT, held.getvalue())

    with pytest.raises(DamagedError, match="longer than any name"):
        read(vault, clock)


@pytest.mark.parametrize("data", [b"no archive at all", b"", packed([("manifest.csv", b"x")])[:30]], ids=["text", "empty", "cut"])
def test_what_is_no_archive_is_damage(vault, clock, data):
    vault.direct.items.clear()
    vault.direct.offer("F", "2000-01-01T00:00Z", NIGHT, data)

    with pytest.raises(DamagedError, match="support"):
        read(vault, clock)


def test_a_manifest_may_not_name_what_it_likes(vault, clock):
    manifest = table([{"extract": NAME, "type": "updates", "records": "1", "file": "../../etc/passwd"}])
    only(vault, [("manifest.csv", manifest)])

    with pytest.raises(DamagedError, match="which is not in it"):
        read(vault, clock)
