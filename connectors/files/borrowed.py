"""Libraries that are extras, and secrets at the moment of use."""

import importlib
from typing import Any

from mdm.connector import Context, Options
from mdm.errors import ConfigError


def library(name: str) -> Any:
    """A library that comes with the extra `remote`."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ConfigError(
            f"reading from elsewhere needs {name}; install the extra: pip install 'lifescience-mdm[remote]'"
        ) from None


def secret(context: Context, options: Options, name: str) -> str | None:
    """What the reference in an option stands for."""
    return None if options[name] is None else context.secrets.reveal(options[name])
