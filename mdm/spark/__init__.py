"""Beyond one machine: candidate pairs, their weights and connected components, worked out on Apache Spark.

The numbered model, the keys and the words' weights come from the bench, so both engines give the same result. Everything
else, training too, stays where it is. Files cross the seam, and Spark runs in a process of its own: nothing here loads it.
"""

from collections.abc import Iterable
from importlib.util import find_spec

from mdm import model
from mdm.entity import Entity
from mdm.errors import ConfigError
from mdm.settings import RunSettings
from mdm.spark import dialect, java
from mdm.spark.task import Pairs, components, pairs

__all__ = ["Pairs", "called_for", "components", "pairs", "ready"]


def called_for(settings: RunSettings, count: int) -> bool:
    """So many records are for Spark; fewer are done sooner here, with the same result."""
    return settings.engine == "spark" and count >= settings.spark.least


def ready(settings: RunSettings, entities: Iterable[Entity]) -> str:
    """What Spark would run on; refuses what is not installed, and comparisons it could not make."""
    if find_spec("pyspark") is None:
        raise ConfigError(
            'engine = "spark" in [run] needs pyspark, which is not installed here; pip install "lifescience-mdm[spark]", or '
            'set engine = "duckdb"'
        )
    found = java.found()
    for entity in entities:
        dialect.settings(entity.name, model.declared(entity))
    return f"Java {found.version} at {found.path}, master {settings.spark.master}"
