"""Virtual environments of the peers, made with uv in a cache folder: not all of them live with our libraries."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

REQUIRED = {
    # dedupe calls a method that newer BTrees no longer have.
    "dedupe": ("dedupe>=3,<4", "BTrees<6.2"),
    "recordlinkage": ("recordlinkage>=0.16,<0.17",),
    # Some of its ways through the data need polars, which it does not ask for.
    "goldenmatch": ("goldenmatch>=3.22,<4", "polars"),
}


def python(peer: str, cache: Path) -> str:
    """The interpreter of a peer's environment, which is made where it is missing; ours where it needs none."""
    if peer not in REQUIRED:
        return sys.executable
    place = cache / peer
    interpreter = place / "bin" / "python"
    if not (place / "ready").exists():
        uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
        print(f"installing {peer}", file=sys.stderr, flush=True)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        subprocess.run([uv, "venv", "-q", "--clear", "--python", version, str(place)], check=True)
        subprocess.run([uv, "pip", "install", "-q", "--python", str(interpreter), *REQUIRED[peer]], check=True)
        (place / "ready").touch()
    return str(interpreter)


def version(peer: str, interpreter: str) -> str:
    """The installed version of a peer."""
    code = f"import importlib.metadata as m; print(m.version({peer!r}))"
    return subprocess.run([interpreter, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
