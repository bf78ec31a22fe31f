"""Fingerprints of declarations: equal declarations give equal text, in every process."""

import hashlib
import json
from dataclasses import fields, is_dataclass
from types import FunctionType
from typing import Any

import mdm
from mdm import intake, model
from mdm.entity import Block, Entity
from mdm.hub import Hub


def of_entity(entity: Entity) -> str:
    """Everything in a declaration that changes results, and the version of the framework."""
    said = {f.name: _said(getattr(entity, f.name)) for f in fields(entity) if f.name not in ("comparisons", "_by_name")}
    said["comparisons"] = model.declared(entity)["comparisons"] if entity.comparisons else []
    said["version"] = mdm.__version__
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:24]


def of_bench(hub: Hub, entity: Entity) -> dict[str, str]:
    """What a bench must say of itself to be of this hub and of these rules."""
    return {"hub": hub.identity(), "entity": of_entity(entity), "shape": intake.SHAPE}


def _said(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _said(getattr(value, f.name)) for f in fields(value) if not f.name.startswith("_")}
    if isinstance(value, Block):
        return [list(value), value.hot] if value.hot else list(value)
    if isinstance(value, dict):
        return {str(k): _said(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_said(v) for v in (sorted(value, key=str) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, FunctionType):
        return [
            value.__qualname__,
            hashlib.sha256(value.__code__.co_code).hexdigest()[:12],
            _constants(value),
            [_said(c.cell_contents) for c in value.__closure__ or ()],
        ]
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    if isinstance(value, type):
        return value.__name__
    return [type(value).__name__, str(getattr(value, "name", "")), str(getattr(value, "error", ""))]


def _constants(function: FunctionType) -> list[str]:
    # Code objects nested in a function print their address: their own code stands for them.
    return [c.co_code.hex() if hasattr(c, "co_code") else repr(c) for c in function.__code__.co_consts]
