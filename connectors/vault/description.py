"""What a Vault says of its objects: their fields, and the values a picklist may have."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from connectors.vault.answer import Refused
from connectors.vault.client import Client
from mdm.connector import Field
from mdm.errors import DeniedError

# A list of a thousand countries is no description.
SHOWN = 60


def described(client: Client, name: str) -> dict[str, str]:
    """The active fields of an object and their types, as the Vault describes them."""
    return {str(one["name"]): str(one.get("type", "")) for one in _active_fields(client, name)}


@dataclass
class Descriptions:
    """The fields of objects, with their picklists, each of which is asked for once."""

    client: Client
    picklists: dict[str, str] = field(default_factory=dict)

    def objects(self) -> list[str]:
        """Every object of the Vault."""
        answer = self.client.ask("GET", self.client.path("metadata/vobjects"))
        return [str(one["name"]) for one in answer.get("objects") or []]

    def fields(self, name: str) -> tuple[Field, ...]:
        """An object's active fields: type, label, what they refer to, and which values they take."""
        return tuple(
            Field(str(one["name"]), str(one.get("type", "")), "; ".join(self._about(one)))
            for one in _active_fields(self.client, name)
        )

    def _about(self, said: Mapping[str, Any]) -> Iterator[str]:
        if said.get("label"):
            yield str(said["label"])
        if isinstance(said.get("object"), Mapping) and said["object"].get("name"):
            yield f"refers to {said['object']['name']}"
        if said.get("required") is True:
            yield "required"
        if said.get("picklist"):
            yield self._picklist(str(said["picklist"]))

    def _picklist(self, name: str) -> str:
        if name not in self.picklists:
            self.picklists[name] = f"picklist {name}: {self._values(name)}"
        return self.picklists[name]

    def _values(self, name: str) -> str:
        try:
            answer = self.client.ask("GET", self.client.path(f"objects/picklists/{quote(name, safe='')}"))
        except (Refused, DeniedError) as error:
            self.client.context.log.warning("picklist not readable", extra={"picklist": name, "told": str(error)})
            return "its values cannot be read by this user"
        said = [one for one in answer.get("picklistValues") or [] if isinstance(one, Mapping)]
        values = [f"{one.get('name')} ({one.get('label')}{_asleep(one)})" for one in said]
        rest = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
        depends = answer.get("controllingPicklistName")
        return ", ".join(values[:SHOWN]) + rest + (f"; depends on {depends}" if depends else "")


def _asleep(value: Mapping[str, Any]) -> str:
    return "" if _active(value.get("status")) else ", inactive"


def _active_fields(client: Client, name: str) -> list[dict[str, Any]]:
    answer = client.ask("GET", client.path(f"metadata/vobjects/{quote(name, safe='')}"))
    fields = (answer.get("object") or {}).get("fields") or []
    return [one for one in fields if _active(one.get("status"))]


def _active(status: Any) -> bool:
    said_active = status if isinstance(status, list) else [status]
    return status is None or any(str(one).lower() in ("active__v", "active") for one in said_active)
