"""Words for match models: their levels side by side, their evidence, and what one would change of another's pairs."""

from collections.abc import Callable, Mapping
from math import log2
from typing import TYPE_CHECKING, Any

from mdm.calibration import Calibration

if TYPE_CHECKING:
    from mdm.model import Model

LEVELS = ("comparison", "level", "m", "u", "bits", "active_bits", "declared")
MOVERS = ("a", "b", "before", "after", "state", "moved_by", "bits", "a_value", "b_value")


def beside(fitted: "Model", active: "Model | None") -> list[dict[str, Any]]:
    """Every level of a model with its weight beside the active model's; `declared` names what the data could not train."""
    old = {(c, lv): bits for c, lv, _, _, bits in _levels(active.settings)} if active else {}
    kept = _declared(fitted)
    return [
        {
            "comparison": c,
            "level": lv,
            "m": m,
            "u": u,
            "bits": bits,
            "active_bits": old.get((c, lv)),
            "declared": kept.get((c, lv), ""),
        }
        for c, lv, m, u, bits in _levels(fitted.settings)
    ]


def evidence(found: Mapping[str, Any]) -> str:
    """What a model was learnt from, in a line."""
    blocks = ", ".join(f"{'+'.join(b['block'])}: {b['pairs']} pairs" for b in found.get("blocks", []))
    declared = sum(len(d["levels"]) for d in found.get("declared_levels", []))
    words = [f"{found.get('records', 0)} records", f"{found.get('identifier_pairs', 0)} pairs share an identifier"]
    words += [f"blocks {blocks}"] if blocks else []
    words += [f"{declared} weights kept as declared"] if declared else []
    return "; ".join([*words, *_said(found)])


def moves(counts: Mapping[str, int], merged: int | None, split: int | None) -> str:
    """What would move, in a line."""
    pairs = ", ".join(f"{n} {move}" for move, n in counts.items())
    groups = "" if merged is None else f"; {merged} groups would take in others, {split} would fall apart"
    return f"pairs that move: {pairs or 'none'}{groups}"


def change(before: int | None, after: int, evidence_of: Callable[[int], Mapping[str, Any]]) -> dict[str, Any] | None:
    """What going from one model to the other would change, by what was found when the later one was trained."""
    if before is None or before == after:
        return None
    kept = evidence_of(max(before, after)).get("difference")
    if kept is None or kept["before"] != min(before, after):
        return None
    if before < after:
        return dict(kept)
    turned = {" -> ".join(reversed(move.split(" -> "))): n for move, n in kept["moves"].items()}
    return kept | {"before": before, "moves": turned, "merged": kept["split"], "split": kept["merged"]}


def _said(found: Mapping[str, Any]) -> list[str]:
    said, line = found.get("decisions"), found.get("calibration")
    if not said or not said["match"] + said["no_match"]:
        return []
    words = f"decisions: {said['match']} match, {said['no_match']} no_match"
    if line:
        worth = Calibration(line["shift"], tuple(line["slopes"]), line["ceiling"]).weight
        told = ", ".join(f"{bits} bits count {worth(bits):.1f}" for bits in (5, 10, 20))
        return [f"{words}; calibrated: {told}"]
    return [
        f"{words}; not calibrated: too few of which the weight decides" if said["used"] else f"{words}: too few to learn from"
    ]


def _declared(fitted: "Model") -> dict[tuple[str, str], str]:
    """What is kept as declared of each level: m, u or both."""
    names = {c["output_column_name"]: [lv["label_for_charts"] for lv in _graded(c)] for c in fitted.settings["comparisons"]}
    kept: dict[tuple[str, str], str] = {}
    for told in fitted.evidence.get("declared_levels", []):
        labels = names[told["comparison"]]
        # No levels named: all of them.
        for level in told["levels"] or range(len(labels)):
            key = (told["comparison"], labels[level])
            kept[key] = ", ".join(filter(None, [kept.get(key), *(["m", "u"] if told["what"] == "mu" else [told["what"]])]))
    return kept


def _graded(comparison: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]


def _levels(settings: Mapping[str, Any]) -> list[tuple[str, str, float | None, float | None, float | None]]:
    found = []
    for comparison in settings["comparisons"]:
        for level in _graded(comparison):
            m, u = level.get("m_probability"), level.get("u_probability")
            bits = round(log2(m / u), 2) if m and u else None
            found.append((comparison["output_column_name"], level["label_for_charts"], m, u, bits))
    return found
