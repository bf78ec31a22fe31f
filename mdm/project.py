"""Where rules, DAGs and migrations are: the project's own folders before those that came with the package.

Rules, and the migrations they cause, are the user's to change, so both live in the user's folder once they are copied
there. What nobody has copied is read from inside the wheel, or from the checkout.
"""

import shutil
from pathlib import Path

from mdm.errors import NotFoundError, UsageError
from mdm.settings import Settings

KINDS = ("rules", "dags", "migrations")
_PACKAGE = Path(__file__).parent
# Generated files, and the hub's branch: fixed tables belong to the package and are upgraded with it.
_STAYS = shutil.ignore_patterns("__pycache__", "*.pyc", "hub")


def bundled(kind: str) -> Path:
    """The folder of this kind that came with the package."""
    for folder in (_PACKAGE / "bundled" / kind, _PACKAGE.parent / kind):
        if folder.is_dir():
            return folder
    raise NotFoundError(f"this installation has no {kind}; install lifescience-mdm again")


def own(settings: Settings, kind: str) -> Path:
    """The folder of this kind that the project has, or would have: beside its rules."""
    rules = settings.hub.rules
    return rules if kind == "rules" else rules.parent / kind


def folder(settings: Settings, kind: str) -> Path:
    """The folder of this kind that is in force: the project's own when there is one."""
    mine = own(settings, kind)
    return mine if mine.is_dir() else bundled(kind)


def copy(kind: str, to: Path) -> Path:
    """A copy of a bundled folder inside the folder `to`, for the user to change."""
    target = to / kind
    if target.exists():
        raise UsageError(f"{target} exists already; move it away, or choose another folder")
    return Path(shutil.copytree(bundled(kind), target, ignore=_STAYS))
