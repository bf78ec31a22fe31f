"""The figures as one Markdown table: a row for a set, a column for a tool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def markdown(figures: Sequence[dict[str, Any]], tools: Sequence[str]) -> str:
    """Pairwise F1 with precision and recall, B-cubed F1, processor seconds and peak memory; the best F1 of a row is bold."""
    named = {(f["set"], f["tool"]): f for f in figures}
    lines = ["| set | " + " | ".join(tools) + " |", "|---|" + "---|" * len(tools)]
    for name in dict.fromkeys(f["set"] for f in figures):
        row = [named.get((name, tool)) for tool in tools]
        best = max((f["pairwise"]["f1"] for f in row if f and f["finished"]), default=None)
        lines.append(f"| {name} | " + " | ".join(_cell(f, best) for f in row) + " |")
    return "\n".join(lines)


def _cell(figure: dict[str, Any] | None, best: float | None) -> str:
    if figure is None:
        return ""
    if not figure["finished"]:
        return f"unfinished in {figure['minutes']:g} min" if figure["ended"] else "failed"
    pairwise = figure["pairwise"]
    f1 = f"{pairwise['f1']:.3f}"
    return "<br>".join(
        (
            f"**{f1}**" if pairwise["f1"] == best else f1,
            f"{pairwise['precision']:.3f} / {pairwise['recall']:.3f}",
            f"B³ {figure['b_cubed']['f1']:.3f}",
            f"{figure['cpu']:.0f} s, {figure['peak_mb']:,} MB",
        )
    )
