"""The files connector reads what deliveries look like."""

import csv
import gzip
import io
import json
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files import Files
from connectors.files.delimited import Delimited, named
from connectors.files.dialect import Dialect
from connectors.files.source import natural
from connectors.files.text import Text
from mdm.connector import Checkpoint, Context, SchemaChange, StreamRequest
from mdm.errors import ConfigError, DriftError, UnavailableError
from tests.connectors.reading import Said, read_files


class TestDelimited:
    def test_identifiers_keep_their_zeros_and_text_its_blanks(self, tmp_path):
        (tmp_path / "a.csv").write_text("Id,Zip,Name\n007,01234,  Ana \n")

        said = read_files(tmp_path)

        assert said.payloads == [{"Id": "007", "Zip": "01234", "Name": "  Ana "}]
        assert said.rows[0]["position"] == "a.csv line 2"

    @pytest.mark.parametrize(
        ("name", "mark", "notices"),
        [("a.csv", ",", 0), ("a.tsv", "\t", 0), ("a.csv", ";", 1), ("a.txt", "|", 1), ("a.csv", "\t", 1)],
        ids=["comma", "tab", "semicolon", "pipe", "tab in a csv"],
    )
    def test_the_delimiter_is_told_from_the_header(self, tmp_path, name, mark, notices):
        (tmp_path / name).write_text(mark.join(["Id", '"a,b;c"', "Note"]) + "\n" + mark.join(["1", "x", "y z"]) + "\n")

        said = read_files(tmp_path)

        assert said.payloads == [{"Id": "1", "a,b;c": "x", "Note": "y z"}]
        assert len(said.notices) == notices

    def test_a_delimiter_can_be_named(self, tmp_path):
        (tmp_path / "a.txt").write_text("Id\tA,B\n1\tx\n")

        assert read_files(tmp_path, delimiter="tab").payloads == [{"Id": "1", "A,B": "x"}]

    def test_quoted_fields_hold_delimiters_quotes_and_lines(self, tmp_path):
        (tmp_path / "a.csv").write_text('Id,Note\n1,"a,b"\n2,"says ""hi"""\n3,"one\ntwo\r\nthree"\n4,""\n', newline="")

        said = read_files(tmp_path)

        assert [payload["Note"] for payload in said.payloads] == ["a,b", 'says "hi"', "one\ntwo\r\nthree", ""]
        assert [row["position"][-1] for row in said.rows] == ["2", "3", "4", "7"]

    def test_quotes_are_text_where_nothing_encloses(self, tmp_path):
        (tmp_path / "a.txt").write_text('Id\tSize\n1\t5" pipe\n2\t"half\n')

        assert [p["Size"] for p in read_files(tmp_path, quote="").payloads] == ['5" pipe', '"half']

    def test_quotes_are_text_inside_a_field_that_none_encloses(self, tmp_path):
        lines = ["Id,Size,Note", '1,5" pipe,x', '2,a ""b"",y', '3,"en,closed",the "z"', '4,a,"two', 'lines"']
        (tmp_path / "a.csv").write_text("\n".join(lines))

        said = read_files(tmp_path)

        assert [tuple(payload.values()) for payload in said.payloads] == [
            ("1", '5" pipe', "x"), ("2", 'a ""b""', "y"), ("3", "en,closed", 'the "z"'), ("4", "a", "two\nlines"),
        ]  # fmt: skip
        assert said.rejected == []

    def test_empty_fields_beyond_the_header_are_no_harm(self, tmp_path):
        (tmp_path / "a.csv").write_text('Id,A\n1,x,\n2,"y",,\n3,z\n4,q,lost\n')

        said = read_files(tmp_path)

        assert said.payloads == [{"Id": "1", "A": "x"}, {"Id": "2", "A": "y"}, {"Id": "3", "A": "z"}]
        assert [place for place, _ in said.rejected] == ["a.csv line 5"]

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
    @pytest.mark.parametrize("last", [True, False], ids=["ended", "not ended"])
    def test_lines_end_as_they_like(self, tmp_path, end, last):
        text = end.join(["Id,A", "1,x", "", "2,y"]) + (end if last else "")
        (tmp_path / "a.csv").write_text(text, newline="")

        assert read_files(tmp_path).payloads == [{"Id": "1", "A": "x"}, {"Id": "2", "A": "y"}]

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
    def test_encodings_are_told_apart(self, tmp_path, encoding):
        (tmp_path / "a.csv").write_text("Id,Name\n1,José\n2,Zoë Müller\n", encoding=encoding)
        given_encoding = {"encoding": encoding} if encoding == "utf-16-be" else {}

        assert [p["Name"] for p in read_files(tmp_path, **given_encoding).payloads] == ["José", "Zoë Müller"]

    def test_a_declared_encoding_is_used(self, tmp_path):
        (tmp_path / "a.csv").write_text("Id,Name\n1,Łukasz\n", encoding="cp1250")

        assert read_files(tmp_path, encoding="cp1250").payloads[0]["Name"] == "Łukasz"

    def test_a_header_can_be_given_or_absent(self, tmp_path):
        (tmp_path / "a.csv").write_text("1,x\n2,y\n")

        assert read_files(tmp_path, header=["Id", "A"]).payloads == [{"Id": "1", "A": "x"}, {"Id": "2", "A": "y"}]
        assert read_files(tmp_path, header=False, key="column_1").keys == ["1", "2"]

    def test_comments_and_blank_lines_are_passed_over(self, tmp_path):
        (tmp_path / "a.csv").write_text('# a list with a " in it\n\nId,A\n# more\n1,x\n\n2,#y\n')

        assert read_files(tmp_path, comment="#").keys == ["1", "2"]

    def test_equal_labels_are_told_apart_and_reported(self, tmp_path):
        (tmp_path / "a.csv").write_text("Id,Page,Page,,Page\n1,a,b,c,d\n")

        said = read_files(tmp_path)

        assert said.payloads == [{"Id": "1", "Page": "a", "Page (2)": "b", "column_4": "c", "Page (3)": "d"}]
        assert "a.csv line 1: the column 'Page' stands there 2 times" in said.notices[0]

    @given(st.lists(st.sampled_from(["A", " A", "A (2)", "", "column_2", "A (2) (2)"]), min_size=1, max_size=8))
    def test_every_label_gets_a_name_of_its_own(self, texts):
        names, _ = named(texts, "a.csv line 1")

        assert len(set(names)) == len(texts)

    def test_pages_are_of_the_size_asked_for(self, tmp_path):
        (tmp_path / "a.csv").write_text("Id\n" + "".join(f"{at}\n" for at in range(25)))

        said = read_files(tmp_path, page_rows=10)

        assert [state["at"]["after"] for state in said.states[:-1]] == [11, 21]
        assert said.complete

    @given(
        st.lists(
            st.lists(st.text(alphabet='ab", \n\r;\té', max_size=6), min_size=3, max_size=3).filter(lambda row: row[0].strip()),
            min_size=1,
            max_size=12,
        )
    )
    def test_what_the_standard_writer_wrote_is_read_back(self, table):
        written = io.StringIO(newline="")
        csv.writer(written, quoting=csv.QUOTE_ALL).writerows([["A", "B", "C"], *table])
        text = Text("a.csv", iter([written.getvalue().encode()]), "utf-8")

        batches = list(Delimited(text, Dialect(",")).batches())

        assert [list(row) for batch in batches for row in batch.frame.rows()] == table
        assert [reject for batch in batches for reject in batch.rejects] == []

    @given(
        st.lists(
            st.sampled_from(["1,a,b", '2,"x\ny",z', "3,short", '4,"open,c', '5,"a"b,c', "6,a,b,c,d", ""]), min_size=1, max_size=9
        ),
        st.integers(1, 40),
    )
    def test_it_does_not_matter_how_the_bytes_arrive(self, lines, size):
        data = ("A,B,C\n" + "\n".join(lines) + "\n9,end,end\n").encode()

        def taken(pieces: list[bytes]) -> tuple[list, list]:
            batches = list(Delimited(Text("a.csv", iter(pieces), "utf-8"), Dialect(",")).batches())
            rows = [row for batch in batches for row in zip(batch.frame.rows(), batch.lines.tolist(), strict=True)]
            return rows, [reject for batch in batches for reject in batch.rejects]

        assert taken([data[at : at + size] for at in range(0, len(data), size)]) == taken([data])


class TestOtherFormats:
    def test_json_lines_keep_their_own_text(self, tmp_path):
        (tmp_path / "a.jsonl").write_text('{"Id": 12345678901234567890, "n": 1.10, "l": [ 1 ]}\n\n{"Id": "x"}')

        said = read_files(tmp_path)

        assert said.rows[0]["payload"] == '{"Id": 12345678901234567890, "n": 1.10, "l": [ 1 ]}'
        assert said.keys == ["12345678901234567890", "x"]
        assert said.rows[1]["position"] == "a.jsonl line 3"

    @pytest.mark.parametrize(
        ("text", "options"),
        [
            ('[{"Id": "1"}, {"Id": "2"}]', {}),
            ('\ufeff[\n{"Id": "1"}\n,\n{"Id": "2"}\n]\n', {}),
            ('{"meta": {"n": [1, 2]}, "results": [{"Id": "1"}, {"Id": "2"}], "next": 3}', {"records": "results"}),
            ('{"a": {"b": [{"Id": "1"}, {"Id": "2"}]}}', {"records": "a.b"}),
        ],
        ids=["array", "array over lines, with a mark", "list in a document", "list deep in a document"],
    )
    def test_json_is_read_wherever_the_list_is(self, tmp_path, text, options):
        (tmp_path / "a.json").write_text(text, encoding="utf-8")

        said = read_files(tmp_path, **options)

        assert said.keys == ["1", "2"]
        assert said.rows[1]["position"] == "a.json element 2"

    def test_a_json_document_is_a_record(self, tmp_path):
        (tmp_path / "a.json").write_text('{\n "study": {"nct": "NCT1"},\n "n": 1.0\n}\n')

        said = read_files(tmp_path, key="study.nct")

        assert said.keys == ["NCT1"]
        assert said.rows[0]["payload"].startswith('{\n "study"')

    def test_many_small_documents_are_landed_together(self, tmp_path):
        for at in range(25):
            (tmp_path / f"{at}.json").write_text(json.dumps({"Id": str(at)}))

        said = read_files(tmp_path, page_rows=10)

        assert said.keys == [str(at) for at in range(25)]
        assert len(said.states) == 3

    def test_a_sheet_is_read_as_text(self, tmp_path):
        book = openpyxl.Workbook()
        book.active.append(["Nothing here"])
        sheet = book.create_sheet("People")
        sheet.append([None, None])
        for cells in [
            ["Id", "NPI", "Zip", "Half"],
            ["007", 1234567893, "01234", 0.5],
            [None, None, None, None],
            ["8", 5, "", None],
        ]:
            sheet.append(cells)
        book.save(tmp_path / "a.xlsx")

        said = read_files(tmp_path, sheet="People")

        assert said.payloads == [
            {"Id": "007", "NPI": "1234567893", "Zip": "01234", "Half": "0.5"},
            {"Id": "8", "NPI": "5", "Zip": "", "Half": ""},
        ]
        assert [row["position"] for row in said.rows] == ["a.xlsx row 3", "a.xlsx row 5"]

    def test_a_missing_sheet_names_those_there_are(self, tmp_path):
        openpyxl.Workbook().save(tmp_path / "a.xlsx")

        with pytest.raises(ConfigError, match=r"a\.xlsx: has no sheet 'People'; there are 'Sheet'"):
            read_files(tmp_path, sheet="People")

    def test_a_spreadsheet_that_is_none_is_read_as_text(self, tmp_path):
        (tmp_path / "a.xls").write_text("Id\tName\n1\tAna\n")

        assert read_files(tmp_path).payloads == [{"Id": "1", "Name": "Ana"}]

    def test_members_of_a_zip_are_files(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("out/accounts_10.csv", "Id\n10\n")
            archive.writestr("out/accounts_2.csv", "Id\n2\n")
            archive.writestr("../../outside/accounts_3.csv", "Id\n3\n")
            archive.writestr("readme.txt", "none of this is data")
            archive.writestr("__MACOSX/out/._accounts_2.csv", "\x00")
            archive.writestr("out/packed.csv.gz", gzip.compress(b"Id\n4\n"))

        said = read_files(tmp_path, member="accounts_*.csv")

        assert said.keys == ["3", "2", "10"]
        assert said.rows[1]["position"] == "export.zip/out/accounts_2.csv line 2"
        assert not (tmp_path.parent.parent / "outside").exists()
        assert read_files(tmp_path, member="*.gz").keys == ["4"]

    def test_gzip_is_told_by_its_content(self, tmp_path):
        (tmp_path / "a.csv").write_bytes(gzip.compress(b"Id\n1\n") + gzip.compress(b"2\n"))

        assert read_files(tmp_path).keys == ["1", "2"]


class TestDeliveries:
    def test_files_are_read_in_the_order_of_their_numbers(self, tmp_path):
        for number in (10, 9, 100):
            (tmp_path / f"a_{number}.csv").write_text(f"Id\n{number}\n")

        assert read_files(tmp_path).keys == ["9", "10", "100"]

    @pytest.mark.parametrize("names", [["a2", "a10"], ["a", "1"], ["²", "1"], ["01", "1"]])
    def test_any_names_can_be_put_in_order(self, names):
        one, two = (sorted(order, key=natural) for order in (names, names[::-1]))

        assert one == two

    def test_unfinished_files_are_left_alone(self, tmp_path):
        for name in ("a.csv", "b.csv.part", ".c.csv", "~$d.csv", "e.csv.tmp"):
            (tmp_path / name).write_text(f"Id\n{name}\n")

        assert read_files(tmp_path, "**/*").keys == ["a.csv"]

    def test_no_file_is_an_error_that_says_where_to_look(self, tmp_path):
        with pytest.raises(UnavailableError, match=r"no file matches 'in/\*\.csv' .*check the path, or wait"):
            read_files(tmp_path, "in/*.csv")

    def test_a_missing_key_names_file_line_and_columns(self, tmp_path):
        (tmp_path / "a.csv").write_text("ID,Name\n1,Ana\n")

        with pytest.raises(DriftError, match=r"a\.csv line 1: there is no column 'Id' .*'ID', 'Name'"):
            read_files(tmp_path)

    def test_columns_that_come_and_go_between_files_are_reported(self, tmp_path):
        (tmp_path / "a_1.csv").write_text("Id,Old\n1,x\n")
        (tmp_path / "a_2.csv").write_text("New,Id\nx,2\n")

        said = read_files(tmp_path)

        assert [m for m in said.messages if isinstance(m, SchemaChange)] == [SchemaChange(("New",)), SchemaChange((), ("Old",))]
        again = read_files(tmp_path, state=said.states[-1], modified="Id")
        assert [m for m in again.messages if isinstance(m, SchemaChange)] == []

    def test_columns_that_come_later_are_reported_in_the_next_run(self, tmp_path):
        (tmp_path / "a.csv").write_text("Id\n1\n")
        state = read_files(tmp_path).states[-1]
        (tmp_path / "a.csv").write_text("Id,New\n1,x\n")

        said = read_files(tmp_path, state=state)

        assert [m for m in said.messages if isinstance(m, SchemaChange)] == [SchemaChange(("New",))]

    def test_a_file_is_read_again_and_compared(self, tmp_path):
        (tmp_path / "a.csv").write_text("Id\n1\n")
        state = read_files(tmp_path).states[-1]

        assert read_files(tmp_path, state=state).keys == ["1"]
        assert read_files(tmp_path, state=state, skip_unchanged=True).keys == []

    def test_a_changed_file_is_read_again_whatever_its_date(self, tmp_path):
        (tmp_path / "a.csv").write_text("Id\n1\n")
        state = read_files(tmp_path, skip_unchanged=True).states[-1]
        (tmp_path / "a.csv").write_text("Id\n2\n")

        assert read_files(tmp_path, state=state, skip_unchanged=True).keys == ["2"]

    def test_older_files_do_not_bring_back_older_versions(self, tmp_path):
        (tmp_path / "a_1.csv").write_text("Id,Name\n1,Ana\n")
        (tmp_path / "a_2.csv").write_text("Id,Name\n1,Ana Maria\n")
        state = read_files(tmp_path).states[-1]
        (tmp_path / "a_3.csv").write_text("Id,Name\n2,Bo\n")

        said = read_files(tmp_path, state=state)

        assert said.keys == ["2"]
        assert "a_1.csv, a_2.csv: unchanged since landed" in said.notices[0]

    def test_files_with_times_are_read_again_unless_some_have_none(self, tmp_path):
        (tmp_path / "a_1.csv").write_text("Id,At\n1,2026-01-01\n")
        (tmp_path / "a_2.csv").write_text("Id,At\n1,2026-01-02\n")
        timed = read_files(tmp_path, modified="At").states[-1]
        again = read_files(tmp_path, modified="At", state=timed)
        (tmp_path / "a_3.csv").write_text("Id,At\n1,\n")
        blanked = read_files(tmp_path, modified="At", state=again.states[-1]).states[-1]

        assert again.keys == ["1", "1"]
        assert read_files(tmp_path, modified="At", state=blanked).keys == []

    def test_a_corrected_older_file_brings_those_after_it_again(self, tmp_path):
        (tmp_path / "a_1.csv").write_text("Id,Name\n1,Ana\n")
        (tmp_path / "a_2.csv").write_text("Id,Name\n1,Ana Maria\n")
        state = read_files(tmp_path).states[-1]
        (tmp_path / "a_1.csv").write_text("Id,Name\n1,Anna\n")

        assert [payload["Name"] for payload in read_files(tmp_path, state=state).payloads] == ["Anna", "Ana Maria"]

    def test_a_file_replaced_after_a_broken_run_is_read_from_its_beginning(self, tmp_path):
        (tmp_path / "a.csv").write_text("Id\n" + "".join(f"{at}\n" for at in range(9)))
        broken = read_files(tmp_path, page_rows=3).states[0]
        (tmp_path / "a.csv").write_text("Id\n" + "".join(f"x{at}\n" for at in range(9)))

        assert read_files(tmp_path, state=broken, page_rows=3).keys == [f"x{at}" for at in range(9)]

    def test_pages_of_another_size_go_on_from_the_same_line(self, tmp_path):
        (tmp_path / "a.csv").write_text("Id\n" + "".join(f"{at}\n" for at in range(20)))
        broken = read_files(tmp_path, page_rows=7).states[0]

        assert read_files(tmp_path, state=broken, page_rows=4).keys == [str(at) for at in range(7, 20)]

    def test_a_file_that_changes_while_it_is_read_is_refused(self, tmp_path):
        (tmp_path / "a.csv").write_text("Id\n" + "".join(f"{at}\n" for at in range(20)))
        reading = Files("tested", {"path": "*", "page_rows": 5}).read(Context(home=tmp_path), StreamRequest("s", ("Id",)), None)
        while not isinstance(next(reading), Checkpoint):
            pass
        with (tmp_path / "a.csv").open("a") as more:
            more.write("20\n")

        with pytest.raises(UnavailableError, match="changed while it was read"):
            list(reading)

    def test_several_patterns_are_one_stream(self, tmp_path):
        (tmp_path / "x").mkdir()
        (tmp_path / "x" / "a.csv").write_text("Id\n1\n")
        (tmp_path / "b.csv").write_text("Id\n2\n")

        assert Said(
            Files("tested", {"path": ["x/*.csv", "b.csv"]}).read(Context(home=tmp_path), StreamRequest("s", ("Id",)), None)
        ).keys == ["1", "2"]


class TestDiscovery:
    def test_names_of_files_suggest_streams(self, tmp_path):
        for name in ("accounts_2026-01-31.csv", "accounts_2026-02-28.csv", "Child Accounts.csv"):
            (tmp_path / name).write_text("Id,Name\n1,x\n")

        streams = Files("crm", {"path": "*.csv"}).discover(Context(home=tmp_path))

        assert [stream.name for stream in streams] == ["child_accounts", "accounts"]
        assert [field.name for field in streams[0].fields] == ["Id", "Name"]

    def test_a_check_speaks_of_each_stream(self, tmp_path):
        (tmp_path / "a.csv").write_text("Id\n1\n")
        streams = (
            StreamRequest("good", ("Id",), options={"path": "a.csv"}),
            StreamRequest("gone", ("Id",), options={"path": "b.csv"}),
            StreamRequest("odd", ("Key",), options={"path": "a.csv"}),
        )

        findings = Files("crm", {}).check(Context(home=tmp_path, streams=streams))

        assert [finding.level for finding in findings] == ["ok", "fail", "fail"]
        assert "no column 'Key'" in findings[2].text

    def test_a_stream_needs_a_path(self, tmp_path):
        with pytest.raises(ConfigError, match="source 'crm', stream 's': option 'path' is missing"):
            list(Files("crm", {}).read(Context(home=tmp_path), StreamRequest("s"), None))

    @pytest.mark.parametrize(
        "options", [{"delimiter": "||"}, {"quote": "''"}, {"encoding": "utf-99"}], ids=lambda o: next(iter(o))
    )
    def test_an_option_that_cannot_work_is_refused(self, tmp_path, options):
        (tmp_path / "a.csv").write_text("Id\n1\n")

        with pytest.raises(ConfigError):
            read_files(tmp_path, **options)
