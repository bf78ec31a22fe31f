"""Veeva Network's API: search, single records, and change requests.

A change request is sent once. If the answer to it is lost, nobody knows whether Network has it, so it is not sent again by
itself: look for it by what it says, then decide.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from connectors.network.answer import VOICE, Answer, rows
from mdm.connector import Backoff, Context, Door, Options, Session
from mdm.errors import ConfigError, DamagedError, DeniedError, UnavailableError

T = TypeVar("T")
PATHS = {"HCP": "hcps", "HCO": "hcos"}
AT_ONCE = 50


@dataclass(frozen=True)
class ChangeRequest:
    """What is asked of Network's data stewards: values for a record of a type, a new one if there is no `vid`.

    `note` is for the steward who reads it, `reference` a name of one's own by which it can be found again.
    """

    type: str
    values: Mapping[str, Any]
    vid: str | None = None
    note: str = ""
    reference: str = ""

    def body(self, system: str) -> dict[str, Any]:
        """The request as Network takes it."""
        told = {"system": system, "note": self.note, "source_reference": self.reference}
        body: dict[str, Any] = {
            "entity_type": self.type,
            "metadata": {name: value for name, value in told.items() if value},
            "entity": dict(self.values),
        }
        return {**body, "entity_id": self.vid} if self.vid else body


@dataclass(frozen=True)
class Standing:
    """How a change request stands: its state as Network names it, the record it is about, and all that was said of it."""

    id: str
    state: str
    vid: str | None
    told: Mapping[str, Any] = field(repr=False)


@dataclass
class NetworkApi:
    """One Network, as one user."""

    source: str
    options: Options = field(repr=False)
    context: Context = field(repr=False)

    def __post_init__(self) -> None:
        missing = [name for name in ("base_url", "username", "password") if not self.options[name]]
        if missing:
            raise ConfigError(f"source {self.source!r}: option {missing[0]!r} is missing; set it")
        self.door = Door(
            self.source, self.options["base_url"], self.context,
            lambda response: None if response.ok else VOICE.complaint(self.source, self.context.secrets, response),
        )  # fmt: skip
        self.once = Door(self.source, self.options["base_url"], self.context, self.door.complaint, backoff=Backoff(attempts=1))
        self.session = Session(self.source, self.context, self._begun)

    @property
    def now(self) -> float:
        """The time by Network's clock."""
        return self.door.now

    def login(self) -> None:
        """Begin a session with the right Network; a user who was denied once is not tried again."""
        self.session.login()

    def ask(self, link: str, params: Mapping[str, str] | None = None) -> Answer:
        """The answer to a question."""
        return self._renewed(
            lambda headers: self.door.ask("GET", self._path(link), self._answered, credentials=headers, params=params)
        )

    def search(self, kind: str, *, filters: str = "", offset: int = 0, limit: int = 100, query: str = "*") -> Answer:
        """A page of the records a search finds: `totalCount`, and `entities` with `entityId` and `entity`."""
        params = {
            "q": query, "types": kind, "offset": str(offset), "limit": str(limit), "sort": "modified_date__v", "sortOrder": "asc",
            "includeMasterResults": "false", **({"filters": filters} if filters else {}),
        }  # fmt: skip
        answer = self.ask("search", params)
        if not str(answer.get("totalCount", "")).isdigit():
            raise DamagedError(f"source {self.source!r}: a search was answered without totalCount; check version")
        rows(self.source, answer, "entities")
        return answer

    def record(self, kind: str, vid: str) -> dict[str, Any] | None:
        """One record with its children, or None if there is none."""
        if kind not in PATHS or not vid.isalnum():
            raise ConfigError(f"there is no {kind!r} with the id {vid!r}; a type is HCP or HCO, and an id has digits only")
        found = rows(self.source, self.ask(f"{PATHS[kind]}/{vid}"), "entities")
        return dict(found[0].get("entity") or {}) if found else None

    def submit(self, request: ChangeRequest) -> str:
        """Send a change request; returns the id under which its standing can be asked for."""
        body = request.body(self.options["system"] or "")
        try:
            answer = self._renewed(
                lambda headers: self.once.ask(
                    "POST", self._path("change_request"), self._answered, credentials=headers, json=body
                )
            )
        except UnavailableError as error:
            raise UnavailableError(
                f"{error}. The change request was not sent again, for Network may have it: look for it there before you do",
                retry_after=error.retry_after,
            ) from None
        number = answer.get("change_request_id")
        if not number:
            raise DamagedError(f"source {self.source!r}: a change request was taken without an id; look for it in Network")
        return str(number)

    def standings(self, ids: Sequence[str]) -> list[Standing]:
        """How these change requests stand, as far as Network knows them."""
        found: list[Standing] = []
        for at in range(0, len(ids), AT_ONCE):
            answer = self.ask("change_requests", {"ids": ",".join(ids[at : at + AT_ONCE])})
            found += [_standing(one) for one in rows(self.source, answer, "change_requests")]
        return found

    def _path(self, rest: str) -> str:
        return f"/api/{self.options['version']}/{rest}"

    def _answered(self, response: Any) -> Answer:
        return VOICE.answered(self.source, self.context.secrets, response)

    def _begun(self) -> str:
        form = {"username": self.options["username"], "password": self.context.secrets.reveal(self.options["password"])}
        answer = self.door.ask("POST", self._path("auth"), self._answered, data=form)
        session_id = answer.get("sessionId")
        if not isinstance(session_id, str) or not session_id:
            raise DamagedError(f"source {self.source!r}: the login was answered without a session; check base_url")
        self.context.secrets.remember(session_id)
        got, wanted = str(answer.get("networkId", "")), self.options["network_id"]
        if wanted is not None and got != str(wanted):
            raise DeniedError(
                f"source {self.source!r}: logged in to Network {got}, not to {wanted}; correct base_url, network_id or the user"
            )
        return session_id

    def _renewed(self, call: Callable[[dict[str, str]], T]) -> T:
        return self.session.within(lambda session_id: call({"Authorization": session_id}))


def _standing(one: Mapping[str, Any]) -> Standing:
    vid = one.get("entity_id") or one.get("vid__v")
    return Standing(
        str(one.get("change_request_id", "")), str(one.get("state_key") or one.get("state") or ""), vid and str(vid), one
    )
