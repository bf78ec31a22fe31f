"""What stands around records: titles, footers, closing lines, frames, escapes; and encodings."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files.delimited import COLUMNS, Delimited
from connectors.files.dialect import Dialect
from connectors.files.layout import Layout
from connectors.files.text import Text
from mdm.errors import ConfigError, DamagedError
from tests.connectors.reading import read_files

REPORT = 'Report of the day\n"of two, lines"\nId,A\n1,x\nTotal Care,y\n\n"Grand Totals (2 records)"\n"Do Not Distribute"\n'
LIST = """\
01.02.2026            Materials            1
--------------------------------------------
|Material          |Description  |     Stock|
|------------------|-------------|----------|
|000000000000001234|Tablet 5 mg  |     12,5-|
|000000000000001235|Gel          |          |
--------------------------------------------
01.02.2026            Materials            2
--------------------------------------------
|Material          |Description  |     Stock|
|------------------|-------------|----------|
|000000000000001236|Syrup        | 1.200,00 |
--------------------------------------------
"""


class TestAround:
    def test_titles_and_footers_are_no_records(self, tmp_path):
        (tmp_path / "a.csv").write_text(REPORT)

        said = read_files(tmp_path, skip=2, footer=["Grand Total", "Do Not"])

        assert said.keys == ["1", "Total Care"]
        assert said.rows[0]["position"] == "a.csv line 4"
        assert said.notices == ["a.csv line 7: the footer begins (2 lines, which were passed over)"]

    def test_a_record_that_begins_like_a_footer_stays_one(self, tmp_path):
        (tmp_path / "a.csv").write_text("Id,A\nTotal 1,x\n2,y\nTotal,1\n")

        assert read_files(tmp_path, footer="Total").keys == ["Total 1", "2"]

    def test_a_footer_can_be_counted(self, tmp_path):
        (tmp_path / "a.csv").write_text("Id,A\n1,x\n2,y\nanything\n\nat all\n\n")

        assert read_files(tmp_path, footer=2).keys == ["1", "2"]

    @pytest.mark.parametrize("end", ["EOF", "EOF\n", "EOF\r\n\n", '"EOF"\n'])
    def test_the_closing_line_is_no_record(self, tmp_path, end):
        (tmp_path / "a.csv").write_text("Id,A\n1,x\nEOF,y\n2,z\n" + end, newline="")

        assert read_files(tmp_path, end_marker="EOF").keys == ["1", "EOF", "2"]

    @pytest.mark.parametrize("text", ["Id,A\n1,x\n2,y\n", "Id,A\n1,x\nEOF\n2,y\n", "Id,A\n1,x\nEO", "", "Id,A\n"])
    def test_without_its_closing_line_a_file_was_cut_off(self, tmp_path, text):
        (tmp_path / "a.csv").write_text(text)

        with pytest.raises(DamagedError, match=r"a\.csv: has no closing line 'EOF', so it was cut off; ask for a new delivery"):
            read_files(tmp_path, end_marker="EOF")

    def test_lines_of_json_have_closing_lines_too(self, tmp_path):
        (tmp_path / "a.jsonl").write_text('{"Id": "1"}\nEOF\n')

        assert read_files(tmp_path, end_marker="EOF").keys == ["1"]

    @given(st.lists(st.sampled_from(["1,a", "2,b", "", "EOF", "Total,3", "x"]), max_size=8), st.integers(1, 30))
    def test_it_does_not_matter_how_the_bytes_arrive(self, lines, size):
        data = ("Id,A\n" + "\n".join(lines) + "\nTotal\nEOF\n").encode()

        def taken(pieces: list[bytes]) -> tuple[list, list]:
            layout = Layout(footer=("Total",), end_marker="EOF")
            text = Text("a.csv", iter(pieces), "utf-8", layout=layout.applied)
            batches = list(Delimited(text, Dialect(",", layout=layout)).batches())
            rows = [row for batch in batches for row in zip(batch.frame.rows(), batch.lines.tolist(), strict=True)]
            return rows, [reject for batch in batches for reject in batch.rejects]

        assert taken([data[at : at + size] for at in range(0, len(data), size)]) == taken([data])


class TestFrame:
    def test_a_printed_list_is_read_without_its_frame(self, tmp_path):
        (tmp_path / "a.txt").write_text(LIST)

        said = read_files(tmp_path, key="Material", frame="|")

        assert [tuple(payload.values()) for payload in said.payloads] == [
            ("000000000000001234", "Tablet 5 mg", "12,5-"),
            ("000000000000001235", "Gel", ""),
            ("000000000000001236", "Syrup", "1.200,00"),
        ]
        assert said.rows[2]["position"] == "a.txt line 12"
        assert said.notices == ["a.txt: 2 lines outside the frame were passed over as page headings"]

    @pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le", "utf-8-sig"])
    def test_a_printed_list_comes_in_any_encoding(self, tmp_path, encoding):
        (tmp_path / "a.txt").write_text(LIST.replace("Gel", "Gël"), encoding=encoding)

        assert read_files(tmp_path, key="Material", frame="|").payloads[1]["Description"] == "Gël"

    def test_a_line_without_the_end_of_its_frame_is_rejected(self, tmp_path):
        (tmp_path / "a.txt").write_text("|Id|A|\n|1|x|\n|2|cut\n|3|a|b|\n|4|y|\n")

        said = read_files(tmp_path, frame="|")

        assert said.keys == ["1", "4"]
        assert [place for place, _ in said.rejected] == ["a.txt line 3", "a.txt line 4"]


class TestEscape:
    def test_escaped_characters_are_text(self, tmp_path):
        (tmp_path / "a.csv").write_text('Id,A,B\n1,"say \\"hi\\"",x\\,y\n2,\\N,c:\\\\dir\n3,"one\\ntwo","three\nfour"\n')

        said = read_files(tmp_path, escape="\\")

        assert [tuple(payload.values()) for payload in said.payloads] == [
            ("1", 'say "hi"', "x,y"), ("2", None, "c:\\dir"), ("3", "one\ntwo", "three\nfour"),
        ]  # fmt: skip
        assert said.rejected == []

    def test_what_stands_for_an_escape_cannot_be_smuggled_in(self, tmp_path):
        (tmp_path / "a.csv").write_text(f"Id,A\n1,{chr(0xFDD0)}\n2,y\n")

        said = read_files(tmp_path, escape="\\")

        assert said.keys == ["2"]
        assert said.rejected == [("a.csv line 2", "the line holds characters that no text has")]

    @given(
        st.lists(
            st.lists(st.text(alphabet="ab\", ;\\é'", max_size=6), min_size=2, max_size=2).filter(lambda row: row[0].strip()),
            min_size=1, max_size=8,
        )
    )  # fmt: skip
    def test_what_the_standard_writer_escaped_is_read_back(self, table):
        written = io.StringIO(newline="")
        csv.writer(written, quoting=csv.QUOTE_NONE, escapechar="\\", quotechar='"').writerows([["A", "B"], *table])
        layout = Layout(escape="\\")
        text = Text("a.csv", iter([written.getvalue().encode()]), "utf-8", layout=layout.applied)

        batches = list(Delimited(text, Dialect(",", layout=layout)).batches())

        assert [list(row) for batch in batches for row in batch.frame.rows()] == table

    @pytest.mark.parametrize("name", ["escape", "frame", "quote", "comment", "delimiter"])
    def test_a_character_is_one_character(self, tmp_path, name):
        (tmp_path / "a.csv").write_text("Id\n1\n")

        with pytest.raises(ConfigError, match=f"option '{name}' takes one plain character"):
            read_files(tmp_path, **{name: "ab"})


class TestEncoding:
    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
    def test_wide_text_without_a_mark_is_told_by_its_zeros(self, tmp_path, encoding):
        (tmp_path / "a.csv").write_bytes("Id,Name\n1,José\n".encode(encoding))

        said = read_files(tmp_path)

        assert said.payloads == [{"Id": "1", "Name": "José"}]
        assert f"was read as UTF-16 ({encoding})" in said.notices[0]

    def test_how_a_text_was_read_is_kept_in_the_state(self, tmp_path):
        (tmp_path / "a.csv").write_bytes("Id,Name\n1,José\n".encode("cp1252"))

        assert read_files(tmp_path).states[-1]["encoding"] == "cp1252"
        assert read_files(tmp_path, encoding="latin-1").states[-1]["encoding"] == "latin-1"

    def test_a_delivery_in_another_encoding_than_the_last_is_reported(self, tmp_path):
        (tmp_path / "a_1.csv").write_text("Id,Name\n1,José\n", encoding="utf-8")
        before = read_files(tmp_path)
        (tmp_path / "a_2.csv").write_text("Id,Name\n2,José\n", encoding="cp1252")

        said = read_files(tmp_path, state=before.states[-1])

        assert any("a_2.csv: was read as cp1252, the file before it as utf-8" in text for text in said.notices)


class TestLabels:
    def test_a_header_label_that_comes_twice_is_named_anew_and_can_be_mapped(self, tmp_path):
        (tmp_path / "a.csv").write_text("Material,Page format,Page format\n1,A4,A5\n")

        said = read_files(tmp_path, key="Material")

        assert said.payloads == [{"Material": "1", "Page format": "A4", "Page format (2)": "A5"}]
        assert "stands there 2 times; this one is read as 'Page format (2)'" in said.notices[0]

    def test_more_columns_than_any_table_has_are_refused(self, tmp_path):
        (tmp_path / "a.csv").write_text(",".join(["A"] * (COLUMNS + 1)) + "\n")

        with pytest.raises(DamagedError, match=r"a\.csv line 1: has 20,001 columns, more than 20,000"):
            read_files(tmp_path)

    def test_as_many_equal_labels_as_there_may_be_take_no_time(self, tmp_path):
        (tmp_path / "a.csv").write_text(",".join(["A"] * COLUMNS) + "\n" + ",".join(["1"] * COLUMNS) + "\n")

        assert len(read_files(tmp_path, key="A (20000)").payloads[0]) == COLUMNS
