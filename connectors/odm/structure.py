"""What an ODM document must look like: which element may stand in which, and which must say its id.

This is not the standard's schema but what of it decides whether data can be trusted: an element of the standard in the
wrong place or with a mistyped name would be passed over in silence, and data without an id belongs to nobody. Elements
and attributes of vendors may stand anywhere. Of version 2.0 only the misplaced and the misspelt are refused, for it
still grows.
"""

import difflib
from dataclasses import dataclass, field

from lxml import etree

from connectors.odm.element import local

TRANSACTIONS = ("Insert", "Update", "Remove", "Upsert", "Context")
_ITEMS = (
    "ItemData ItemDataAny ItemDataString ItemDataInteger ItemDataFloat ItemDataDate ItemDataTime ItemDataDatetime ItemDataBoolean "
    "ItemDataHexBinary ItemDataBase64Binary ItemDataHexFloat ItemDataBase64Float ItemDataPartialDate ItemDataPartialTime "
    "ItemDataPartialDatetime ItemDataDurationDatetime ItemDataIntervalDatetime ItemDataIncompleteDatetime "
    "ItemDataIncompleteDate ItemDataIncompleteTime ItemDataURI"
)
ITEMS = frozenset(_ITEMS.split())
_MARKS = "AuditRecord Signature Annotation"
_DATA = {
    "ODM": "Study AdminData ReferenceData ClinicalData Association",
    "ClinicalData": "SubjectData AuditRecords Signatures Annotations",
    "ReferenceData": "ItemGroupData AuditRecords Signatures Annotations",
    # REDCap leaves out the visit where a project has none.
    "SubjectData": f"{_MARKS} InvestigatorRef SiteRef StudyEventData FormData",
    "StudyEventData": f"{_MARKS} FormData",
    "FormData": f"{_MARKS} ArchiveLayoutRef ItemGroupData",
    "ItemGroupData": f"{_MARKS} {_ITEMS}",
    **dict.fromkeys(ITEMS, f"{_MARKS} MeasurementUnitRef"),
    "AuditRecord": "UserRef LocationRef DateTimeStamp ReasonForChange SourceID",
    "Signature": "UserRef LocationRef SignatureRef DateTimeStamp",
    "Annotation": "Comment Flag",
    "Flag": "FlagValue FlagType",
    "AuditRecords": "AuditRecord",
    "Signatures": "Signature",
    "Annotations": "Annotation",
    "Association": "KeySet Annotation",
}
_ADMIN = {
    "AdminData": "User Location SignatureDef",
    "User": "LoginName DisplayName FullName FirstName LastName Organization Address Email Picture Pager Fax Phone LocationRef "
    "Certificate",
    "Address": "StreetName City StateProv Country PostalCode OtherText",
    "Location": "MetaDataVersionRef",
    "SignatureDef": "Meaning LegalReason",
}
_TOLD = "Description Alias"
_STUDY = {
    "Study": "GlobalVariables BasicDefinitions MetaDataVersion",
    "GlobalVariables": "StudyName StudyDescription ProtocolName",
    "BasicDefinitions": "MeasurementUnit",
    "MeasurementUnit": "Symbol Alias",
    **dict.fromkeys(("Symbol", "Description", "Question", "Decode", "ErrorMessage"), "TranslatedText"),
    "MetaDataVersion": "Include Protocol StudyEventDef FormDef ItemGroupDef ItemDef CodeList ImputationMethod Presentation "
    "ConditionDef MethodDef",
    "Protocol": f"{_TOLD} StudyEventRef",
    "StudyEventDef": f"{_TOLD} FormRef",
    "FormDef": f"{_TOLD} ItemGroupRef ArchiveLayout",
    "ItemGroupDef": f"{_TOLD} ItemRef",
    "ItemDef": f"{_TOLD} Question ExternalQuestion MeasurementUnitRef RangeCheck CodeListRef Role",
    "RangeCheck": "CheckValue FormalExpression MeasurementUnitRef ErrorMessage",
    "CodeList": f"{_TOLD} CodeListItem EnumeratedItem ExternalCodeList",
    "CodeListItem": f"{_TOLD} Decode",
    "EnumeratedItem": _TOLD,
    "ConditionDef": f"{_TOLD} FormalExpression",
    "MethodDef": f"{_TOLD} FormalExpression",
}
_SECOND = {
    "ODM": "Description Study AdminData ReferenceData ClinicalData Association",
    "AdminData": "User Organization Location SignatureDef",
    "StudyEventData": f"{_MARKS} ItemGroupData",
    "ItemGroupData": f"{_MARKS} ItemGroupData ItemData",
    "ItemData": f"{_MARKS} MeasurementUnitRef Value",
    "Value": "",
}
_IDS = {
    **dict.fromkeys(
        "Study MetaDataVersion MeasurementUnit StudyEventDef FormDef ItemGroupDef ItemDef CodeList ConditionDef MethodDef "
        "SignatureDef".split(), "OID",
    ),
    **dict.fromkeys(ITEMS | {"ItemRef"}, "ItemOID"),
    "ClinicalData": "StudyOID", "SubjectData": "SubjectKey", "StudyEventData": "StudyEventOID", "FormData": "FormOID",
    "ItemGroupData": "ItemGroupOID", "StudyEventRef": "StudyEventOID", "FormRef": "FormOID", "ItemGroupRef": "ItemGroupOID",
    "CodeListRef": "CodeListOID", "MeasurementUnitRef": "MeasurementUnitOID", "UserRef": "UserOID", "SiteRef": "LocationOID",
    "LocationRef": "LocationOID", "InvestigatorRef": "UserOID", "CodeListItem": "CodedValue",
}  # fmt: skip


def _table(*tables: dict[str, str]) -> dict[str, frozenset[str]]:
    return {name: frozenset(inside.split()) for table in tables for name, inside in table.items()}


FIRST = _table(_DATA, _ADMIN, _STUDY)
SECOND = {**_table(_DATA), **_table(_SECOND)}
_SECOND_IDS = {name: wanted for name, wanted in _IDS.items() if name not in ("MeasurementUnitRef", "MeasurementUnit")}


@dataclass
class Structure:
    """The rules for one document's namespace (empty for 1.1) and version."""

    namespace: str
    second: bool
    _suspects: etree.XPath = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.inside = SECOND if self.second else FIRST
        self.ids = _SECOND_IDS if self.second else _IDS
        self.names = frozenset().union(*self.inside.values()) | set(self.inside)
        self._suspects = etree.XPath(_suspects(self.namespace), namespaces={"o": self.namespace} if self.namespace else None)

    def fault(self, element: etree._Element) -> tuple[etree._Element, str] | None:
        """What is wrong with an element or anything in it: where, and in words."""
        # What stands in its place, as nearly all does, is passed over without a word of Python.
        for suspect in self._suspects(element):
            if words := self._judged(suspect):
                return suspect, words
        return None

    def _judged(self, element: etree._Element) -> str | None:
        name, parent = local(element), element.getparent()
        wanted = self.ids.get(name)
        if wanted is not None and element.get(wanted) is None:
            return f"<{name}> does not say its {wanted}"
        told = element.get("TransactionType")
        if told is not None and told not in TRANSACTIONS:
            return f"<{name}> has the TransactionType {told!r}, which is none of {', '.join(TRANSACTIONS)}"
        if parent is None or not self._ours(parent):
            return None
        return self._misplaced(name, local(parent))

    def _misplaced(self, name: str, parent: str) -> str | None:
        allowed = self.inside.get(parent)
        if allowed is None or name in allowed:
            return None
        alike = [known for known in self.names if known.lower() == name.lower()]
        if self.second and name not in self.names and not alike:
            return None
        near = [known for known in alike if known in allowed] or difflib.get_close_matches(name, sorted(allowed), n=1)
        return f"<{name}> does not belong in <{parent}>" + (f" (is <{near[0]}> meant?)" if near else "")

    def _ours(self, element: etree._Element) -> bool:
        return (str(element.tag).rpartition("}")[0][1:]) == self.namespace


def _suspects(namespace: str) -> str:
    """The elements that are not plainly right: a path the parser's own library walks quickly."""
    o = "o:" if namespace else ""
    typed = f"[not(@TransactionType) or contains('|{'|'.join(TRANSACTIONS)}|', concat('|', @TransactionType, '|'))]"
    right = [
        f"self::{o}ItemData[@ItemOID][parent::{o}ItemGroupData]{typed}",
        f"self::{o}ItemGroupData[@ItemGroupOID][parent::{o}FormData]{typed}",
        f"self::{o}FormData[@FormOID][parent::{o}StudyEventData]{typed}",
        f"self::{o}StudyEventData[@StudyEventOID][parent::{o}SubjectData]{typed}",
        f"self::{o}SiteRef[@LocationOID][parent::{o}SubjectData]",
        f"self::{o}AuditRecord[parent::{o}ItemData or parent::{o}SubjectData]",
        f"self::{o}UserRef[@UserOID][parent::{o}AuditRecord]",
        f"self::{o}LocationRef[@LocationOID][parent::{o}AuditRecord]",
        f"self::{o}DateTimeStamp[parent::{o}AuditRecord]",
        f"self::{o}ReasonForChange[parent::{o}AuditRecord]",
        f"self::{o}SourceID[parent::{o}AuditRecord]",
    ]
    ours = f"[namespace-uri() = '{namespace}']"
    return f"descendant-or-self::*{ours}" + "".join(f"[not({one})]" for one in right)
