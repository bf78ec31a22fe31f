"""Manifests and markers: nothing is read before it is ready, and nothing passes that is not what was sent."""

import hashlib
import json
import os

import pytest

from connectors.files import Files
from mdm.connector import Context, StreamRequest
from mdm.errors import DamagedError
from tests.connectors.reading import Said, read_files

DATA = "Id,A\n1,x\n2,y\n"
MD5 = hashlib.md5(DATA.encode()).hexdigest()
SHA256 = hashlib.sha256(DATA.encode()).hexdigest()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.csv").write_text(DATA)
    return tmp_path


class TestMarkers:
    def test_a_file_without_its_marker_is_left_for_next_time(self, folder):
        (folder / "b.csv").write_text("Id,A\n3,z\n")
        (folder / "b.ok").touch()

        said = read_files(folder, "*.csv", manifest="{stem}.ok", delivery="full")

        assert said.keys == ["3"]
        assert "a.csv: no manifest ('{stem}.ok') says that it is ready, so it was left for next time" in said.notices
        assert not said.complete

    def test_nothing_ready_is_no_error_and_no_proof(self, folder):
        said = read_files(folder, manifest="{name}.done", delivery="full")

        assert (said.keys, said.complete, len(said.states)) == ([], False, 1)

    def test_what_was_left_is_read_when_its_marker_comes(self, folder):
        before = read_files(folder, manifest="{name}.done")
        (folder / "a.csv.done").write_text("20260101")

        said = read_files(folder, manifest="{name}.done", state=before.states[-1])

        assert said.keys == ["1", "2"]
        assert said.complete

    def test_manifests_are_no_data(self, folder):
        (folder / "a.csv.ok").write_text("Id\n99\n")

        assert read_files(folder, "*", manifest="{name}.ok").keys == ["1", "2"]

    def test_a_check_says_that_it_waits(self, folder):
        context = Context(home=folder, streams=(StreamRequest("things", ("Id",)),))

        (finding,) = Files("t", {"path": "*.csv", "manifest": "{name}.ok"}).check(context)

        assert (finding.level, "no manifest" in finding.text) == ("warn", True)


class TestClaims:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("a.csv.md5", MD5),
            ("a.csv.md5", f"{MD5}  a.csv\n"),
            ("a.csv.md5", f"{MD5.upper()} *a.csv\r\n"),
            ("a.csv.md5", f"{SHA256}  in/a.csv\n"),
            ("a.csv.md5", "2"),
            ("a.csv.md5", f"a.csv|2|{MD5}"),
            ("a.csv.md5", f"file,records,bytes,checksum\na.csv,2,{len(DATA)},{SHA256}\n"),
            ("a.csv.md5", json.dumps({"files": [{"name": "a.csv", "rows": 2, "size": len(DATA), "md5": MD5}]})),
        ],
        ids=["bare", "md5sum", "binary", "sha256", "count", "control", "table", "json"],
    )
    def test_what_holds_is_proof(self, folder, name, text):
        (folder / name).write_text(text, newline="")

        said = read_files(folder, "*.csv", manifest="{name}.md5", delivery="full")

        assert said.keys == ["1", "2"]
        assert said.complete

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (MD5[::-1], "says the md5"),
            (f"{SHA256[::-1]}  a.csv", "says the sha256"),
            ("3", r"2 rows were read, but a\.csv\.md5 says 3; the delivery is not whole"),
            ("file,records\na.csv,1\n", "2 rows were read"),
            ("file,bytes\na.csv,999\n", "says 999 bytes, and it has 13"),
            ('{"rows": ', "is not valid JSON"),
        ],
        ids=["md5", "sha256", "more rows", "fewer rows", "bytes", "broken"],
    )
    def test_what_does_not_hold_is_damage(self, folder, text, words):
        (folder / "a.csv.md5").write_text(text)

        with pytest.raises(DamagedError, match=words):
            read_files(folder, "*.csv", manifest="{name}.md5", delivery="full")

    def test_one_manifest_speaks_for_a_folder(self, folder):
        (folder / "b.csv").write_text("Id,A\n3,z\n")
        (folder / "SHA256SUMS").write_text(f"{SHA256}  a.csv\n{'0' * 64}  other.csv\n")

        said = read_files(folder, "*.csv", manifest="SHA256SUMS")

        assert said.keys == ["1", "2"]
        assert "b.csv: no manifest" in said.notices[0]

    def test_rows_are_counted_over_pages_rejections_and_resumptions(self, folder):
        (folder / "a.csv").write_text("Id,A\n" + "".join(f"{at},x\n" for at in range(9)) + "broken\n")
        (folder / "a.csv.count").write_text("10")

        whole = read_files(folder, "*.csv", manifest="{name}.count", page_rows=3)
        later = read_files(folder, "*.csv", manifest="{name}.count", page_rows=3, state=whole.states[0])

        assert whole.complete
        assert later.keys == whole.keys[3:]

    def test_a_mismatch_is_found_after_a_resumption_too(self, folder):
        (folder / "a.csv").write_text("Id,A\n" + "".join(f"{at},x\n" for at in range(9)))
        (folder / "a.csv.count").write_text("9")
        first = read_files(folder, "*.csv", manifest="{name}.count", page_rows=3).states[0]
        (folder / "a.csv.count").write_text("6")

        with pytest.raises(DamagedError, match=r"9 rows were read, but a\.csv\.count says 6"):
            read_files(folder, "*.csv", manifest="{name}.count", page_rows=3, state=first)

    def test_a_damaged_file_lands_nothing(self, folder):
        (folder / "a.csv.md5").write_text(MD5[::-1])
        reading = Files("t", {"path": "*.csv", "manifest": "{name}.md5"}).read(
            Context(home=folder), StreamRequest("things", ("Id",)), None
        )

        with pytest.raises(DamagedError):
            next(reading)


class TestStability:
    def test_a_file_that_was_just_written_is_left_for_next_time(self, folder):
        (folder / "b.csv").write_text("Id,A\n3,z\n")
        os.utime(folder / "a.csv", (1000, 1000))
        os.utime(folder / "b.csv", (1990, 1990))
        now = [2000.0]

        def read(state: dict | None = None) -> Said:
            context = Context(home=folder, clock=lambda: now[0])
            request = StreamRequest("things", ("Id",))
            return Said(Files("t", {"path": "*.csv", "settle": 60}).read(context, request, state))

        first = read()
        now[0] = 2100.0
        second = read(first.states[-1])

        assert (first.keys, first.complete) == (["1", "2"], False)
        assert "b.csv: was written to less than 60 seconds ago" in first.notices[0]
        assert second.keys == ["3"]

    def test_the_same_content_again_is_nothing_new(self, folder):
        before = read_files(folder, skip_unchanged=True)
        os.utime(folder / "a.csv", (5, 5))

        said = read_files(folder, skip_unchanged=True, state=before.states[-1])

        assert said.keys == []
        assert said.notices == ["a.csv: unchanged since landed, so not read again"]
