"""Projects read from files: a project's XML, a CSV export, and the data dictionary beside it.

Both exports give the same rows. Where the formats themselves differ, both are told in one way:

- A line break in a notes field is two blanks in REDCap's CSV, and a blank to any reader of XML: a run of white space in a
  notes field is one blank.
- A calculated field whose formula names no field is worked out when a form is opened, and stands in one export and not in
  the other: it is empty.
- XML leaves out what is empty, and instruments that nobody has begun: they are empty, and `0`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import polars as pl

from connectors.files.delimited import Batch
from connectors.files.passing import Page
from connectors.files.reading import Reading, columns
from connectors.files.source import Part, blocks, found
from connectors.redcap.project import Project, Row
from connectors.redcap.shape import INSTRUMENT, Form, key_of, require, rows_of, told_apart
from mdm.connector import Context, Message, Options, Records, StreamRequest, keyed
from mdm.errors import ConfigError, DamagedError

NOTES = {"notes", "textarea"}
BLANKS = r"\s+"
# However many rows a page may have, it holds no more values than this.
CELLS = 2_000_000
NAMED = re.compile(r"\[[^\]]+\]")
# The data dictionary's labels, and the names its columns have everywhere else.
DICTIONARY = {
    "Variable / Field Name": "field_name", "Form Name": "form_name", "Section Header": "section_header", "Field Type": "field_type",
    "Field Label": "field_label", "Choices, Calculations, OR Slider Labels": "select_choices_or_calculations",
    "Field Note": "field_note", "Text Validation Type OR Show Slider Number": "text_validation_type_or_show_slider_number",
    "Text Validation Min": "text_validation_min", "Text Validation Max": "text_validation_max", "Identifier?": "identifier",
    "Branching Logic (Show field only if...)": "branching_logic", "Required Field?": "required_field",
    "Custom Alignment": "custom_alignment", "Question Number (surveys only)": "question_number", "Matrix Group Name": "matrix_group_name",
    "Matrix Ranking?": "matrix_ranking", "Field Annotation": "field_annotation",
}  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What is known of a field besides its values: its instrument, its kind, its formula."""

    form: str
    kind: str
    formula: str = ""


Knowledge = dict[str, Known]


def is_xml(part: Part, options: Options) -> bool:
    """Whether a part is a project's XML."""
    return next(blocks(part, options), b"").lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def same(frame: pl.DataFrame, known: Knowledge) -> pl.DataFrame:
    """The rows as either export tells them."""
    changed = []
    for name in frame.columns:
        about = known.get(name)
        if about is not None and about.kind in NOTES:
            changed.append(pl.col(name).str.replace_all(BLANKS, " "))
        elif about is not None and about.kind == "calc" and not NAMED.search(about.formula):
            changed.append(pl.lit("", pl.String).alias(name))
    return frame.with_columns(changed)


@dataclass
class CsvReading(Reading):
    """A CSV export."""

    known: Knowledge = field(default_factory=dict)
    form: str | None = None

    def _batches(self, after: int) -> Iterator[Batch]:
        if not self.known:
            self.notices.append(
                f"{self.part.label}: there is no data dictionary beside it, so notes fields are told as this export writes them"
            )
        for batch in super()._batches(after):
            if "error" in {name.lower() for name in batch.frame.columns} and batch.frame.width == 1:
                raise DamagedError(f"{self.part.label}: holds an error of REDCap's instead of records; export it again")
            frame = same(batch.frame.with_columns(pl.all().fill_null("")), self.known)
            whole = self._of_form(replace(batch, frame=frame))
            told_apart(whole.frame, key_of(self.request, frame.columns[0], frame.columns), self.part.label)
            yield whole

    def _of_form(self, batch: Batch) -> Batch:
        if self.form is None:
            return batch
        frame = batch.frame.with_row_index("_at")
        repeats = INSTRUMENT in frame.columns and (frame[INSTRUMENT] == self.form).any()
        kept = rows_of(frame, Form(self.form, bool(repeats)))
        names = of_form(batch.frame.columns, self.known, self.form)
        return replace(batch, frame=kept.select(names), lines=batch.lines[kept["_at"].to_numpy()])


@dataclass
class XmlReading:
    """A project's XML, read for one stream."""

    part: Part
    request: StreamRequest
    options: Options
    content: str = "records"
    form: str | None = None
    total: int = 0
    nested: bool = False
    blank: bool = False

    def told(self) -> list[Message]:
        """Notices that came up since the last time."""
        return []

    def pages(self, after: int = 0) -> Iterator[Page]:
        """The stream's rows, a page at a time."""
        project = Project(self.part, self.options)
        held: list[Row] = []
        for at, row in enumerate(self._rows(project), start=1):
            if at > after:
                held.append(row)
                self.total += 1
            if len(held) >= min(self.options["page_rows"], max(1, CELLS // len(row.values))):
                yield self._page(project, held, at)
                held = []
        if held:
            yield self._page(project, held, after + self.total)

    def _rows(self, project: Project) -> Iterator[Row]:
        if self.content == "records":
            yield from project.rows()
            return
        for _ in project.rows():
            break
        yield from (Row(1, dict(one)) for one in project.setup.lists[self.content])

    def _page(self, project: Project, held: list[Row], last: int) -> Page:
        setup = project.setup
        names = setup.header if self.content == "records" else list(held[0].values)
        frame = pl.DataFrame({name: pl.Series([row.values[name] for row in held], dtype=pl.String) for name in names})
        frame = frame.with_columns(_line=pl.Series([row.line for row in held], dtype=pl.Int64))
        if self.content == "records":
            known = {name: Known(setup.form_of.get(name, ""), one.kind, one.formula) for name, one in setup.columns.items()}
            frame = self._of_form(project, same(frame, known), known)
        position = frame.select(pl.format("{} line {}", pl.lit(self.part.label), "_line")).to_series()
        frame = frame.drop("_line")
        key = key_of(self.request, setup.id_field, frame.columns) if self.content == "records" else self.request.key
        require(frame.columns, key, self.part.label)
        told_apart(frame, key, self.part.label)
        messages = keyed(frame, replace(self.request, key=key), position=position, where=self.part.label)
        return Page([one for one in messages if not isinstance(one, Records) or len(one.frame)], last, tuple(frame.columns))

    def _of_form(self, project: Project, frame: pl.DataFrame, known: Knowledge) -> pl.DataFrame:
        if self.form is None:
            return frame
        setup = project.setup
        forms = sorted({one.form for one in known.values() if one.form})
        if self.form not in forms:
            raise ConfigError(f"{self.part.label}: there is no instrument {self.form!r}; there are {', '.join(forms)}")
        events = [name for name, held in setup.events.items() if self.form in held] if setup.events else None
        repeats = any(self.form == name for _, name in setup.repeating)
        return rows_of(frame, Form(self.form, repeats, events)).select([*of_form(frame.columns, known, self.form), "_line"])


def of_form(names: list[str], known: Knowledge, form: str) -> list[str]:
    """The columns of one instrument, with those that say which row it is."""
    places = {names[0], *(name for name in names if name.startswith("redcap_"))}
    return [
        name for name in names
        if name in places or (name in known and known[name].form == form) or name == f"{form}_complete"
    ]  # fmt: skip


def knowledge(context: Context, options: Options) -> Knowledge:
    """What the data dictionary beside a CSV export says of its columns; empty when there is none."""
    known: Knowledge = {}
    for beside in _dictionaries(context, options):
        for name, form, kind, choices in _entries(beside, options):
            if kind == "checkbox":
                codes = [choice.partition(",")[0].strip() for choice in choices.split("|")]
                known |= {f"{name}___{_code(code)}": Known(form, kind) for code in codes}
            known[name] = Known(form, kind, choices if kind == "calc" else "")
    return known


def _dictionaries(context: Context, options: Options) -> list[Part]:
    """The data dictionaries in the same folders: CSV files whose first column is called as a dictionary's is."""
    paths = options["path"] if isinstance(options["path"], list) else [options["path"]]
    folders = dict.fromkeys(f"{path.rpartition('/')[0]}/" if "/" in path else "" for path in paths)
    beside = found(context, options.over({"path": [f"{folder}*.csv" for folder in folders]}))
    return [part for part in beside if columns(part, options)[:1] == ["Variable / Field Name"]]


def _entries(part: Part, options: Options) -> Iterator[tuple[str, str, str, str]]:
    wanted = ["Variable / Field Name", "Form Name", "Field Type", "Choices, Calculations, OR Slider Labels"]
    for batch in Reading(part, StreamRequest("dictionary"), options)._batches(0):
        yield from batch.frame.select(wanted).fill_null("").iter_rows()


def _code(code: str) -> str:
    """A choice's code as it stands in a column's name."""
    return code.lower().replace("-", "_")


@dataclass
class DictionaryReading(Reading):
    """A data dictionary, told with the names the API uses."""

    def _batches(self, after: int) -> Iterator[Batch]:
        for batch in super()._batches(after):
            frame = batch.frame.rename({old: new for old, new in DICTIONARY.items() if old in batch.frame.columns})
            yield replace(batch, frame=frame.with_columns(pl.all().fill_null("")))
