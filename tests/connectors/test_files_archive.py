"""Archives and Parquet: read in bounded memory, and refused where they are hostile."""

import datetime
import gzip
import io
import stat
import tarfile
import zipfile
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.errors import DamagedError, MdmError
from tests.connectors.reading import read_files


def tarred(members: dict[str, bytes], mode: str = "w") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return packed.getvalue()


class TestTar:
    @pytest.mark.parametrize(("name", "mode"), [("a.tar", "w"), ("a.tar.gz", "w:gz"), ("a.tgz", "w:gz"), ("a.dat", "w:gz")])
    def test_members_are_files(self, tmp_path, name, mode):
        members = {"in/a_10.csv": b"Id\n10\n", "in/a_2.csv": b"Id\n2\n", "readme.txt": b"none", "in/._a_2.csv": b"\0"}
        (tmp_path / name).write_bytes(tarred(members, mode))

        said = read_files(tmp_path, member="a_*.csv")

        assert said.keys == ["2", "10"]
        assert said.rows[0]["position"] == f"{name}/in/a_2.csv line 2"
        assert said.complete

    def test_members_may_be_packed_themselves(self, tmp_path):
        (tmp_path / "a.tar").write_bytes(tarred({"a.csv.gz": gzip.compress(b"Id\n1\n")}))

        assert read_files(tmp_path).keys == ["1"]

    @pytest.mark.parametrize("name", ["../../outside.csv", "/outside.csv"])
    def test_stored_paths_are_not_used(self, tmp_path, name):
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "a.tgz").write_bytes(tarred({name: b"Id\n1\n"}, "w:gz"))

        assert read_files(tmp_path / "in").keys == ["1"]
        assert [path.name for path in tmp_path.rglob("outside*")] == []

    @pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
    def test_links_and_devices_are_refused(self, tmp_path, kind):
        with tarfile.open(tmp_path / "a.tar", "w") as archive:
            info = tarfile.TarInfo("a.csv")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)

        with pytest.raises(DamagedError, match=r"a\.tar/a\.csv: is a link or a device, not a file"):
            read_files(tmp_path)

    @pytest.mark.parametrize("name", ["inner.tar", "inner.tgz", "inner.tar.gz", "inner.zip", "inner.7z"])
    def test_an_archive_in_an_archive_is_not_opened(self, tmp_path, name):
        (tmp_path / "a.tar").write_bytes(tarred({name: b"PK"}))

        with pytest.raises(DamagedError, match="an archive inside an archive is not opened"):
            read_files(tmp_path)

    def test_a_bomb_is_not_let_off(self, tmp_path):
        (tmp_path / "a.tgz").write_bytes(tarred({"a.csv": b"Id\n" + b"0" * 60_000_000}, "w:gz"))

        with pytest.raises(DamagedError, match=r"a\.tgz: unpacks to more than 250 times its size"):
            read_files(tmp_path)

    def test_a_head_that_claims_to_be_huge_is_refused(self, tmp_path):
        info = tarfile.TarInfo("a.csv")
        info.type, info.size = tarfile.XHDTYPE, 50_000_000
        (tmp_path / "a.tar").write_bytes(info.tobuf() + bytes(50_000_256))

        with pytest.raises(DamagedError, match=r"a\.tar: the tar is cut off or damaged \(a head of 50,000,\d+ bytes\)"):
            read_files(tmp_path)

    def test_too_many_members_are_refused(self, tmp_path):
        (tmp_path / "a.tar").write_bytes(tarred({f"{at}.csv": b"" for at in range(10_001)}))

        with pytest.raises(DamagedError, match="holds 10001 files"):
            read_files(tmp_path)

    @pytest.mark.parametrize("keep", [0.2, 0.5, 0.75, 0.95])
    @pytest.mark.parametrize("mode", ["w", "w:gz"])
    def test_a_cut_archive_is_named(self, tmp_path, keep, mode):
        body = "".join(["Id,A\n", *(f"{at},{at * 7919}\n" for at in range(3000))]).encode()
        whole = tarred({"a.csv": body, "b.csv": body}, mode)
        size = len(whole) - (8704 if mode == "w" else 0)
        (tmp_path / "a.tar").write_bytes(whole[: int(size * keep)])

        with pytest.raises(DamagedError, match=r"a\.tar: the (tar|compressed data) is cut off"):
            read_files(tmp_path)

    def test_an_archive_cut_between_its_members_is_named(self, tmp_path):
        whole = tarred({"a.csv": b"Id\n1\n", "b.csv": b"Id\n2\n"})
        (tmp_path / "a.tar").write_bytes(whole[:1024])

        with pytest.raises(DamagedError, match="it has no end"):
            read_files(tmp_path)

    def test_nothing_is_left_behind(self, tmp_path, monkeypatch):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "shelf"))
        (tmp_path / "shelf").mkdir()
        (tmp_path / "a.tgz").write_bytes(tarred({"a.csv": b"Id\n1\n"}, "w:gz"))

        assert read_files(tmp_path, "a.tgz").keys == ["1"]
        assert list((tmp_path / "shelf").iterdir()) == []

    @given(st.binary(max_size=600))
    def test_no_bytes_make_it_fail_in_another_way(self, tmp_path_factory, data):
        folder: Path = tmp_path_factory.mktemp("fuzz")
        (folder / "a.tar").write_bytes(data)

        with pytest.raises(MdmError, match=r"a\.tar|no file"):
            read_files(folder)


class TestOthers:
    @pytest.mark.parametrize("magic", [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"BZh91AY&SY", b"\xfd7zXZ\x00"])
    def test_what_cannot_be_unpacked_is_named(self, tmp_path, magic):
        (tmp_path / "a.csv").write_bytes(magic + b"x" * 100)

        with pytest.raises(DamagedError, match=r"a\.csv: is packed with \w+, which is not read; ask for zip or gzip"):
            read_files(tmp_path)

    def test_a_link_in_a_zip_is_refused(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            info = zipfile.ZipInfo("a.csv")
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, "/etc/passwd")

        with pytest.raises(DamagedError, match=r"a\.zip/a\.csv: is a link"):
            read_files(tmp_path)

    def test_several_patterns_choose_members(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            for name in ("a.csv", "b.csv", "c.csv"):
                archive.writestr(name, f"Id\n{name}\n")

        assert read_files(tmp_path, member=["a*", "c*"]).keys == ["a.csv", "c.csv"]

    def test_a_folder_is_all_its_files_or_those_named(self, tmp_path):
        (tmp_path / "in").mkdir()
        for name in ("a.csv", "b.csv", ".c.csv", "d.tmp"):
            (tmp_path / "in" / name).write_text(f"Id\n{name}\n")

        assert read_files(tmp_path, "in").keys == ["a.csv", "b.csv"]
        assert read_files(tmp_path, "in/", member="b*").keys == ["b.csv"]


class TestParquet:
    def test_values_are_text_as_they_are_written(self, tmp_path):
        table = pa.table({
            "Id": ["007", "8"], "n": [1, None], "x": [Decimal("1.10"), None], "b": [True, None],
            "d": [datetime.date(2026, 1, 2), None], "t": [datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC), None],
        })  # fmt: skip
        pq.write_table(table, tmp_path / "a.parquet")

        said = read_files(tmp_path, modified="t")

        assert said.payloads[0] == {
            "Id": "007", "n": "1", "x": "1.10", "b": "true", "d": "2026-01-02", "t": "2026-01-02T03:04:05.000000+00:00",
        }  # fmt: skip
        assert said.payloads[1] == {"Id": "8", "n": None, "x": None, "b": None, "d": None, "t": None}
        assert said.rows[0]["source_time"] == 1767323045000000
        assert said.rows[1]["position"] == "a.parquet row 2"

    def test_nested_values_stay_nested(self, tmp_path):
        pq.write_table(pa.table({"Id": ["1"], "l": [["a", "b"]], "s": [{"x": "y"}]}), tmp_path / "a.parquet")

        said = read_files(tmp_path)

        assert said.payloads == [{"Id": "1", "l": ["a", "b"], "s": {"x": "y"}}]
        assert read_files(tmp_path, key="s.x").keys == ["y"]

    def test_it_may_come_in_an_archive(self, tmp_path):
        packed = io.BytesIO()
        pq.write_table(pa.table({"Id": ["1"]}), packed)
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("in/a.parquet", packed.getvalue())

        assert read_files(tmp_path).keys == ["1"]

    def test_rows_come_page_by_page_and_on_from_any(self, tmp_path):
        pq.write_table(pa.table({"Id": [str(at) for at in range(25)]}), tmp_path / "a.parquet", row_group_size=7)

        whole = read_files(tmp_path, page_rows=10)
        later = read_files(tmp_path, page_rows=10, state=whole.states[0])

        assert [state["at"]["after"] for state in whole.states[:-1]] == [10, 20]
        assert whole.keys[10:] == later.keys

    @pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
    def test_a_cut_file_is_named(self, tmp_path, keep):
        pq.write_table(pa.table({"Id": [str(at) for at in range(5000)]}), tmp_path / "whole")
        whole = (tmp_path / "whole").read_bytes()
        (tmp_path / "a.parquet").write_bytes(whole[: int(len(whole) * keep)])

        with pytest.raises(DamagedError, match=r"a\.parquet: cannot be read as Parquet"):
            read_files(tmp_path, "a.parquet")

    def test_a_file_beyond_the_limit_is_refused_before_it_is_unpacked(self, tmp_path):
        pq.write_table(pa.table({"Id": [str(at) for at in range(5000)]}), tmp_path / "a.parquet")

        with pytest.raises(DamagedError, match=r"a\.parquet: is larger than 9,000 bytes"):
            read_files(tmp_path, max_bytes=9000)

    def test_a_bomb_is_not_let_off(self, tmp_path):
        ids = pa.array(["x" * 1000 + str(at) for at in range(4000)])
        pq.write_table(pa.table({"Id": ids}), tmp_path / "a.parquet", compression="zstd", use_dictionary=False)

        with pytest.raises(DamagedError, match=r"a\.parquet: unpacks to more than 20 times its size"):
            read_files(tmp_path, max_ratio=20)

    def test_bytes_that_are_no_text_are_named(self, tmp_path):
        pq.write_table(pa.table({"Id": ["1"], "b": [b"\xff\xfe"]}), tmp_path / "a.parquet")

        with pytest.raises(DamagedError, match="the column 'b' holds bytes that are no text"):
            read_files(tmp_path)

    def test_no_rows_are_reported(self, tmp_path):
        pq.write_table(pa.table({"Id": pa.array([], pa.string())}), tmp_path / "a.parquet")

        said = read_files(tmp_path)

        assert (said.keys, said.complete) == ([], True)
        assert said.notices == ["a.parquet line 1: there is no record in it"]
