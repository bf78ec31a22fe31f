"""Runs in processes of their own, which a fault kills: one line of JSON {folder, url, fault} in, one exit code out.

Loading the libraries takes ten times as long as a run of the toy, so it is done once and every run is a fork of that.
Nothing of ours is loaded before the fork, for that would start threads.
"""

import json
import os
import sys
from pathlib import Path

import alembic.autogenerate  # noqa: F401
import duckdb  # noqa: F401
import pandera.polars  # noqa: F401
import polars  # noqa: F401
import pyarrow.csv  # noqa: F401
import requests  # noqa: F401
import scipy.sparse.csgraph  # noqa: F401
import splink.comparison_library  # noqa: F401
import sqlalchemy.dialects.sqlite  # noqa: F401


def run(folder: Path, url: str) -> None:
    """One run of the toy in this folder, over this hub."""
    from mdm import pipeline, settings
    from mdm.context import Context
    from mdm.hub import Hub
    from mdm.testing.toy import thing

    pipeline.run(Context(settings.load(folder / "mdm.toml", environ={}), {thing.name: thing}, Hub(url, [thing]), "tester"))


def main() -> None:
    """Run whatever is asked for until nobody asks any more."""
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            os.environ["MDM_FAULT"] = asked["fault"]
            run(Path(asked["folder"]), asked["url"])
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
