"""A project's XML (CDISC ODM 1.3.1 with REDCap's own attributes), told as the rows its CSV export has.

Read as a stream: a record is told and forgotten, and a file that was uploaded to a field is passed over but for its name.
Declarations of a document type, entities among them, are refused unread.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat  # nosec: every declaration is refused

from connectors.files.source import Part, blocks
from connectors.redcap.shape import EVENT, GROUP, INSTANCE, INSTRUMENT
from mdm.connector import Options
from mdm.errors import DamagedError

SPACE = "https://projectredcap.org "
STEP = 1 << 16
# What holds no data in a record.
DATALESS = {"descriptive"}
Attributes = Mapping[str, str]


@dataclass(frozen=True)
class Column:
    """One field of the project, as its XML defines it."""

    name: str
    kind: str = ""
    formula: str = ""


@dataclass
class Setup:
    """How the project is set up: what its XML says before the first record."""

    columns: dict[str, Column] = field(default_factory=dict)
    form_of: dict[str, str] = field(default_factory=dict)
    id_field: str = ""
    # The instruments of each event; a classic project has none.
    events: dict[str, set[str]] = field(default_factory=dict)
    repeating: set[tuple[str, str]] = field(default_factory=set)
    repeating_events: set[str] = field(default_factory=set)
    lists: dict[str, list[dict[str, str]]] = field(default_factory=lambda: {"dags": [], "events": [], "arms": []})

    def repeats(self, event: str, form: str) -> bool:
        """Whether an instrument repeats by itself, there."""
        return (event, form) in self.repeating or (not self.events and any(form == name for _, name in self.repeating))

    @property
    def header(self) -> list[str]:
        """The columns a CSV export has, in its order."""
        places = [EVENT] if self.events else []
        places += [INSTRUMENT, INSTANCE] if self.repeating or self.repeating_events else []
        others = [name for name in self.columns if name not in (self.id_field, GROUP)]
        return [self.id_field, *places, *([GROUP] if GROUP in self.columns else []), *others]


@dataclass
class Row:
    """One row: the line it begins on and its values."""

    line: int
    values: dict[str, str]


class Project:
    """One project's XML; `setup` is known once the first row is, or the end."""

    def __init__(self, part: Part, options: Options) -> None:
        self.part, self.options, self.setup = part, options, Setup()
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        self._parser.StartDoctypeDeclHandler = self._refused
        self._parser.EntityDeclHandler = self._refused
        self._depth, self._rows, self._fresh, self._heard = 0, list[Row](), 0, 0
        self._at: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._rooms: dict[tuple[str, str, str], Row] = {}
        self._begin: dict[str, Callable[[Attributes], None]] = {
            "MetaDataVersion": self._metadata, "FormDef": self._form, "ItemGroupDef": self._group, "ItemRef": self._item_of,
            "ItemDef": self._column, "StudyEventDef": self._event, "FormRef": self._form_of, "RepeatingInstrument": self._repeating,
            "RepeatingEvent": self._repeating_event, "DataAccessGroups": self._dag, "SubjectData": self._subject,
            "StudyEventData": self._visit, "FormData": self._page, "ItemData": self._value, "ItemDataBase64Binary": self._file,
        }  # fmt: skip

    def rows(self) -> Iterator[Row]:
        """Every row, record by record."""
        for block in blocks(self.part, self.options):
            for start in range(0, len(block), STEP):
                self._fed(block[start : start + STEP], last=False)
                yield from self._taken()
        self._fed(b"", last=True)
        yield from self._taken()

    def _taken(self) -> list[Row]:
        rows, self._rows = self._rows, []
        return rows

    def _fed(self, data: bytes, *, last: bool) -> None:
        try:
            self._parser.Parse(data, last)
        except expat.ExpatError as error:
            line = f"{self.part.label} line {error.lineno}"
            if last:
                raise DamagedError(f"{line}: ends before <ODM> is closed, so it was cut off; ask for a new delivery") from None
            reason = expat.ErrorString(error.code)
            raise DamagedError(f"{line}: is damaged XML ({reason}); ask for a new delivery") from None
        except KeyError as error:
            line = f"{self.part.label} line {self._parser.CurrentLineNumber}"
            raise DamagedError(f"{line}: an element lacks its {error}; ask for a new delivery") from None
        self._fresh += len(data)
        if self._fresh - self._heard > self.options["max_line"]:
            raise DamagedError(
                f"{self.part.label}: one element is longer than {self.options['max_line']:,} bytes; ask for a new delivery"
            )

    def _refused(self, *_declared: object) -> None:
        raise DamagedError(
            f"{self.part.label} line {self._parser.CurrentLineNumber}: declares a document type or entities, as hostile XML "
            "does and REDCap never; nothing after it was read: ask for a delivery without them"
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._heard = self._parser.CurrentByteIndex
        name = tag.rpartition(" ")[2]
        if self._depth == 1 and name != "ODM":
            raise DamagedError(f"{self.part.label} line {self._parser.CurrentLineNumber}: is <{name}>, not <ODM>; check `path`")
        if (begin := self._begin.get(name)) is not None:
            begin(attributes)

    def _text(self, _data: str) -> None:
        """The content of an uploaded file goes by; only that it does is noted."""
        self._heard = self._parser.CurrentByteIndex

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self._heard = self._parser.CurrentByteIndex
        if tag.endswith("ItemDataBase64Binary"):
            self._parser.CharacterDataHandler = None
        if tag.endswith("SubjectData"):
            self._grouped()
            self._rows += [Row(row.line, self._whole(row.values, *place)) for place, row in self._rooms.items()]
            self._rooms = {}

    def _grouped(self) -> None:
        """A record's data access group, which stands in one of its rows, in all of them, as in a CSV export."""
        groups = [row.values[GROUP] for row in self._rooms.values() if GROUP in row.values]
        for row in self._rooms.values() if groups else ():
            row.values.setdefault(GROUP, groups[0])

    def _metadata(self, said: Attributes) -> None:
        self.setup.id_field = said.get(f"{SPACE}RecordIdField", "")

    def _form(self, said: Attributes) -> None:
        self._at["form"] = said.get(f"{SPACE}FormName", said.get("OID", "").removeprefix("Form."))

    def _group(self, said: Attributes) -> None:
        self._at["group"] = said.get("OID", "").partition(".")[0]

    def _item_of(self, said: Attributes) -> None:
        self.setup.form_of.setdefault(said["ItemOID"], self._at.get("group", ""))

    def _column(self, said: Attributes) -> None:
        kind = said.get(f"{SPACE}FieldType", "")
        if kind not in DATALESS:
            self.setup.columns[said["OID"]] = Column(said["OID"], kind, said.get(f"{SPACE}Calculation", ""))

    def _event(self, said: Attributes) -> None:
        name = said.get(f"{SPACE}UniqueEventName", said["OID"].removeprefix("Event."))
        self._at["event"] = name
        self.setup.events[name] = set()
        arm = said.get(f"{SPACE}ArmNum", "")
        label = said.get(f"{SPACE}CustomEventLabel", "")
        self.setup.lists["events"].append(
            {
                "event_name": said.get(f"{SPACE}EventName", ""),
                "arm_num": arm,
                "unique_event_name": name,
                "custom_event_label": label,
            }
        )
        if all(one["arm_num"] != arm for one in self.setup.lists["arms"]):
            self.setup.lists["arms"].append({"arm_num": arm, "name": said.get(f"{SPACE}ArmName", "")})

    def _form_of(self, said: Attributes) -> None:
        self.setup.events[self._at["event"]].add(said.get(f"{SPACE}FormName", said["FormOID"].removeprefix("Form.")))

    def _repeating(self, said: Attributes) -> None:
        self.setup.repeating.add((said.get(f"{SPACE}UniqueEventName", ""), said.get(f"{SPACE}RepeatInstrument", "")))

    def _repeating_event(self, said: Attributes) -> None:
        self.setup.repeating_events.add(said.get(f"{SPACE}UniqueEventName", ""))

    def _dag(self, said: Attributes) -> None:
        name = said.get("group_name", "")
        self.setup.lists["dags"].append({"data_access_group_name": name, "unique_group_name": unique_name(name)})

    def _subject(self, said: Attributes) -> None:
        self._at |= {"record": said["SubjectKey"], "event": "", "instance": ""}

    def _visit(self, said: Attributes) -> None:
        event = said.get(f"{SPACE}UniqueEventName", said["StudyEventOID"].removeprefix("Event."))
        repeat = said.get("StudyEventRepeatKey", "") if event in self.setup.repeating_events else ""
        self._at |= {"event": event, "instance": repeat}

    def _page(self, said: Attributes) -> None:
        form, event = said["FormOID"].removeprefix("Form."), self._at["event"]
        repeats = self.setup.repeats(event, form)
        place = (event, form if repeats else "", said.get("FormRepeatKey", "1") if repeats else self._at["instance"])
        row = self._rooms.setdefault(place, Row(self._parser.CurrentLineNumber, {self.setup.id_field: self._at["record"]}))
        self._values = row.values

    def _value(self, said: Attributes) -> None:
        self._values[said["ItemOID"]] = said.get("Value", "")

    def _file(self, said: Attributes) -> None:
        self._values[said["ItemOID"]] = said.get(f"{SPACE}DocName", "")
        self._parser.CharacterDataHandler = self._text

    def _whole(self, values: dict[str, str], event: str, form: str, instance: str) -> dict[str, str]:
        """A row with every column of the export: what XML leaves out is empty, or an instrument nobody has begun."""
        given = {**values, EVENT: event, INSTRUMENT: form, INSTANCE: instance}
        return {name: given[name] if name in given else self._unsaid(name, event, form) for name in self.setup.header}

    def _unsaid(self, name: str, event: str, form: str) -> str:
        """The status of an instrument that nobody has begun is 0 (incomplete), where the instrument could have been begun."""
        own = self.setup.form_of.get(name, "")
        if name != f"{own}_complete" or self.setup.columns[name].kind != "select":
            return ""
        here = own == form if form else not self.setup.repeats(event, own)
        return "0" if here and (not self.setup.events or own in self.setup.events.get(event, ())) else ""


def unique_name(group: str) -> str:
    """The unique name REDCap gives a data access group: small letters, digits and underlines, eighteen at most."""
    kept = "".join(
        letter for letter in group.lower().replace(" ", "_") if letter.isascii() and (letter.isalnum() or letter == "_")
    )
    return kept[:18].rstrip("_")
