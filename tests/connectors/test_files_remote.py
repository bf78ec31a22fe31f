"""Files on object stores and SFTP servers: read like files here, from the named host and no other."""

import dataclasses
import gzip
import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import fsspec
import paramiko
import pytest

from connectors.files import Files
from connectors.files.remote import address
from mdm.connector import Context, StreamRequest
from mdm.errors import ConfigError, DamagedError, DeniedError, UnavailableError
from tests.connectors.reading import Said
from tests.fakes import s3 as s3_fake
from tests.fakes import sftp as sftp_fake

SECRET = "wJalr-invented-secret"


def read(path: str, *, state: dict[str, Any] | None = None, context: Context | None = None, **options: Any) -> Said:
    connector = Files("far", {"path": path, **options})
    quiet = Context(sleep=lambda seconds: None, clock=iter(range(10**9)).__next__)
    return Said(connector.read(context or quiet, StreamRequest("things", ("Id",)), state))


@pytest.fixture
def memory() -> Iterator[Any]:
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


@pytest.fixture
def sftp(tmp_path) -> Iterator[sftp_fake.Sftp]:
    folder = tmp_path / "far"
    folder.mkdir()
    (folder / "in").mkdir()
    (folder / "in" / "a_2.csv").write_text("Id,A\n2,x\n")
    (folder / "in" / "a_10.csv").write_text("Id,A\n10,x\n")
    (folder / "in" / "b.csv.tmp").write_text("Id,A\n99,x\n")
    with sftp_fake.serving(folder) as server:
        yield server


@pytest.fixture
def s3() -> Iterator[s3_fake.S3]:
    objects = {f"in/a_{n}.csv": f"Id\n{n}\n".encode() for n in (1, 2, 3, 10)}
    with s3_fake.serving({**objects, "in/deep/x.csv": b"Id\n77\n", "other/y.csv": b"Id\n78\n"}) as server:
        yield server


def over_sftp(server: sftp_fake.Sftp, path: str = "in/*.csv", **options: Any) -> Said:
    given = {"password": server.password, "host_key": server.pin, **options}
    return read(f"sftp://{server.user}@127.0.0.1:{server.port}/{path}", **given)


def over_s3(server: s3_fake.S3, path: str = "in/*.csv", **options: Any) -> Said:
    given = {"endpoint_url": server.url, "access_key": server.access_key, "secret_key": SECRET, "region": "us-east-1", **options}
    return read(f"s3://{server.bucket}/{path}", **given)


class TestAddresses:
    @pytest.mark.parametrize("url", ["sftp://ana:hunter2@host/in", "s3://key:hunter2@bucket/in", "ftp://ana:hunter2@host/in"])
    def test_a_password_in_an_address_is_refused_and_not_repeated(self, url):
        with pytest.raises(ConfigError, match="holds a password; take it out") as caught:
            read(url)

        assert "hunter2" not in str(caught.value)

    @pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/in", "http://host/in.csv", "gs://bucket/in"])
    def test_other_ways_are_refused_by_name(self, url):
        with pytest.raises(ConfigError, match=r"cannot be read from \w+://; there are: s3, sftp, memory"):
            read(url)

    @pytest.mark.parametrize("url", ["s3:///in", "sftp://ana@/in", "sftp://host:port/in"])
    def test_an_address_without_a_host_is_refused(self, url):
        with pytest.raises(ConfigError):
            address(url)

    def test_a_pattern_may_hold_any_sign(self):
        assert address("sftp://ana@host:22/in/a?[0-9]*.csv").path == "/in/a?[0-9]*.csv"
        assert address("s3://bucket/in/*.csv").path == "bucket/in/*.csv"


class TestStores:
    def test_files_are_read_in_order_and_labelled_as_here(self, memory):
        for number in (10, 2):
            memory.pipe(f"/landing/in/a_{number}.csv", f"Id\n{number}\n".encode())

        said = read("memory://landing/in/*.csv")

        assert said.keys == ["2", "10"]
        assert said.rows[0]["position"] == "a_2.csv line 2"
        assert said.complete

    def test_a_folder_is_all_the_files_in_it(self, memory):
        memory.pipe("/landing/in/a.csv", b"Id\n1\n")
        memory.pipe("/landing/in/.hidden", b"Id\n2\n")

        assert read("memory://landing/in").keys == ["1"]
        assert read("memory://landing/in/a.csv").keys == ["1"]

    def test_archives_are_opened_under_the_same_guards(self, memory):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            info = tarfile.TarInfo("link.csv")
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(info)
        memory.pipe("/landing/a.tgz", packed.getvalue())
        memory.pipe("/landing/b.csv.gz", gzip.compress(b"Id\n1\n"))

        assert read("memory://landing/b*").keys == ["1"]
        with pytest.raises(DamagedError, match=r"a\.tgz/link\.csv: is a link"):
            read("memory://landing/a*")

    def test_a_file_beyond_the_limit_is_not_copied_to_its_end(self, memory):
        memory.pipe("/landing/a.csv", b"Id\n" + b"1\n" * 10_000)

        with pytest.raises(DamagedError, match=r"a\.csv: is larger than 1,000 bytes"):
            read("memory://landing/*", max_bytes=1000)

    def test_manifests_lie_beside_the_files(self, memory):
        memory.pipe("/landing/a.csv", b"Id\n1\n")
        memory.pipe("/landing/b.csv", b"Id\n2\n")
        memory.pipe("/landing/b.csv.ok", b"")

        said = read("memory://landing/*.csv", manifest="{name}.ok")

        assert said.keys == ["2"]
        assert "a.csv: no manifest" in said.notices[0]

    def test_a_delivery_is_read_on_from_any_checkpoint(self, memory):
        for number in range(6):
            memory.pipe(f"/landing/a_{number}.csv", f"Id\n{number}\n".encode())

        whole = read("memory://landing/*.csv", page_rows=2)
        later = read("memory://landing/*.csv", state=json.loads(json.dumps(whole.states[0])), page_rows=2)

        assert later.keys == whole.keys[2:]

    def test_nothing_there_is_said_without_retrying_for_ever(self, memory):
        with pytest.raises(UnavailableError, match=r"no file matches 'memory://landing/\*\.csv'"):
            read("memory://landing/*.csv")


class TestAgain:
    def test_what_landed_and_did_not_change_is_not_fetched_again(self, s3):
        before = over_s3(s3, skip_unchanged=True)
        state = json.loads(json.dumps(before.states[-1]))
        s3.calls.clear()
        s3.objects["in/a_11.csv"] = b"Id\n11\n"

        said = over_s3(s3, skip_unchanged=True, state=state)

        assert said.keys == ["11"]
        assert [call for call in s3.calls if ".csv" in call and "a_11" not in call] == []

    def test_what_changed_is_fetched_again(self, s3):
        before = over_s3(s3, skip_unchanged=True)
        s3.objects["in/a_2.csv"] = b"Id\n2\n22\n"

        assert over_s3(s3, skip_unchanged=True, state=before.states[-1]).keys == ["2", "22"]

    def test_without_a_word_all_is_compared_by_content(self, s3):
        before = over_s3(s3)
        s3.calls.clear()

        said = over_s3(s3, state=before.states[-1])

        assert said.keys == []
        assert any("a_1.csv" in call for call in s3.calls)

    def test_a_look_fetches_no_more_than_one_file_of_a_kind(self, s3):
        s3.objects |= {"in/b_1.csv": b"Other\n1\n", "in/b_2.csv": b"Other\n2\n"}
        given = {"endpoint_url": s3.url, "access_key": s3.access_key, "secret_key": SECRET, "region": "us-east-1"}

        offered = Files("far", {"path": "s3://landing/in/*.csv", **given}).discover(Context())

        assert {stream.name: [field.name for field in stream.fields] for stream in offered} == {"a": ["Id"], "b": ["Other"]}
        assert sum("in/" in call.split("?")[0] and call.startswith("GET") for call in s3.calls) == 2


class TestSftp:
    def test_files_are_read_from_a_real_server(self, sftp):
        said = over_sftp(sftp)

        assert said.keys == ["2", "10"]
        assert [row["position"] for row in said.rows] == ["a_2.csv line 2", "a_10.csv line 2"]

    def test_a_folder_is_all_finished_files_in_it(self, sftp):
        assert over_sftp(sftp, "in").keys == ["2", "10"]

    def test_a_private_key_opens_as_well(self, sftp):
        key, text = paramiko.ECDSAKey.generate(), io.StringIO()
        key.write_private_key(text)
        sftp.client_key = key.get_base64()

        assert over_sftp(sftp, password=None, private_key=text.getvalue()).keys == ["2", "10"]

    def test_a_wrong_password_is_refused_once(self, sftp):
        with pytest.raises(DeniedError, match=r"refuses this user .*it was not tried again") as caught:
            over_sftp(sftp, password="wrong-invented")

        assert sftp.logins == [sftp.user]
        assert "wrong-invented" not in str(caught.value)

    def test_an_unknown_host_is_refused_before_the_password_is_sent(self, sftp):
        other = paramiko.ECDSAKey.generate()

        with pytest.raises(DeniedError, match=r"shows the host key SHA256:.* not the pinned one; nothing was sent"):
            over_sftp(sftp, host_key=f"{other.get_name()} {other.get_base64()}")

        assert sftp.logins == []

    def test_a_host_without_a_pinned_key_is_refused(self, sftp):
        with pytest.raises(ConfigError, match="set host_key"):
            over_sftp(sftp, host_key=None)

    def test_a_fingerprint_pins_as_well(self, sftp):
        assert over_sftp(sftp, host_key=sftp.key.fingerprint).keys == ["2", "10"]

    def test_a_transfer_that_breaks_off_is_tried_again_and_named(self, sftp):
        sftp.breaks_after = 3

        with pytest.raises(UnavailableError, match=r"sftp://127\.0\.0\.1: no answer .*try again later"):
            over_sftp(sftp)

    def test_nobody_there_is_an_error_that_may_pass(self, sftp):
        with pytest.raises(UnavailableError, match="no answer"):
            read("sftp://keeper@127.0.0.1:1/in/*.csv", password="x", host_key=sftp.pin)


class TestS3:
    def test_files_are_read_page_by_page_of_the_listing(self, s3):
        said = over_s3(s3)

        assert said.keys == ["1", "2", "3", "10"]
        assert said.complete

    def test_a_folder_leaves_out_the_folders_in_it(self, s3):
        assert over_s3(s3, "in").keys == ["1", "2", "3", "10"]

    def test_all_below_is_a_pattern(self, s3):
        assert over_s3(s3, "in/**/*.csv").keys == ["1", "2", "3", "10", "77"]

    def test_a_wrong_key_is_refused_once(self, s3):
        with pytest.raises(DeniedError, match="refuses this user"):
            over_s3(s3, access_key="AKIAWRONG")

        assert len(s3.calls) == 1

    def test_a_redirect_elsewhere_is_not_followed(self, s3):
        with s3_fake.serving({"in/a.csv": b"Id\nstolen\n"}) as elsewhere:
            s3.redirects_to = elsewhere.url
            with pytest.raises(DamagedError, match="points to another address, which was not followed"):
                over_s3(s3)

        assert elsewhere.calls == []

    def test_an_address_in_the_clear_is_refused(self):
        with pytest.raises(ConfigError, match="in the clear"):
            read("s3://landing/in", endpoint_url="http://store.invalid", access_key="a", secret_key="b")

    def test_secrets_show_nowhere(self, s3, caplog):
        caplog.set_level("DEBUG", logger="mdm")
        resolve = {"env:S3_SECRET": SECRET}
        context = dataclasses.replace(Context(sleep=lambda s: None), resolve=lambda reference: resolve.get(reference, reference))
        connector = Files("far", {"path": "s3://landing/in", "secret_key": "env:S3_SECRET", "access_key": "a"})

        said = over_s3(s3, secret_key="env:S3_SECRET", context=context)

        assert said.keys
        assert SECRET not in caplog.text + repr(connector) + repr(connector.chosen) + repr(said.messages)
