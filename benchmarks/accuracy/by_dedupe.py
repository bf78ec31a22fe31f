"""dedupe by active learning: it asks about the pairs it is least sure of, and the truth answers a fixed number of them."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dedupe
import numpy as np
from dedupe.variables import Exact, ShortString, String, Text

from benchmarks.accuracy import answer, sets

Rows = dict[str, dict[str, str | None]]


def _short(name: str) -> Any:
    return ShortString(name, has_missing=True)


def _text(name: str) -> Any:
    return String(name, has_missing=True)


FIELDS: Mapping[str, Mapping[str, Callable[[str], Any]]] = {
    "historical50k": {
        "first_name": _text, "surname": _text, "dob": _short, "birth_place": _text, "postcode_fake": _short,
        "occupation": _short,
    },
    "febrl": {
        "given_name": _text, "surname": _text, "street_number": _short, "address_1": _text, "address_2": _text,
        "suburb": _text, "postcode": _short, "state": _short, "date_of_birth": _short, "soc_sec_id": _short,
    },
    "chicago_sites": {"site_name": _text, "address": _text, "zip": lambda n: Exact(n, has_missing=True), "phone": _text},
    "leipzig": {"affiliation": _text},
    "fodors_zagat": {"name": _text, "addr": _text, "city": _short, "phone": _short, "type": _short},
    "abt_buy": {"name": _text, "description": lambda n: Text(n, has_missing=True), "price": _short},
    "amazon_google": {
        "title": _text, "description": lambda n: Text(n, has_missing=True), "manufacturer": _text, "price": _short,
    },
    "musicbrainz20k": {
        "title": _text, "artist": _text, "album": _text, "number": _short, "length": _short, "year": _short,
        "language": _short,
    },
}  # fmt: skip


def main() -> None:
    """Answer for the set of the first argument, prepared in the folder of the second, with as many labels as the third."""
    chosen, folder, budget = sets.SETS[sys.argv[1]], Path(sys.argv[2]), int(sys.argv[3])
    random.seed(1)
    np.random.seed(1)
    declared = FIELDS["febrl" if chosen.name.startswith("febrl") else chosen.name]
    tables = [{str(row[sets.ID]): row for row in sets.prepared(folder, t)} for t in chosen.tables]
    fields = [kind(name) for name, kind in declared.items()]
    tool = dedupe.RecordLink(fields) if chosen.two else dedupe.Dedupe(fields)
    tool.prepare_training(*tables)
    right = _teach(tool, chosen, budget)
    tool.train()
    if chosen.two:
        pairs = (tuple(pair) for pair, _ in tool.join(*tables))
        answer.write(folder, answer.PAIRS, pairs, labels=budget, matches=right)
    else:
        clusters = enumerate(members for members, _ in tool.partition(tables[0]))
        said = ((record, number) for number, members in clusters for record in members)
        answer.write(folder, answer.CLUSTERS, said, labels=budget, matches=right)


def _teach(tool: Any, chosen: sets.Labelled, budget: int) -> int:
    """Answer its questions by the truth; how many of the pairs were matches."""
    truth = sets.truth(chosen)
    pairs, cluster, right = set(truth), dict(truth), 0
    for done in range(budget):
        try:
            left, other = tool.uncertain_pairs()[0]
        except IndexError:
            break
        keys = left[sets.ID], other[sets.ID]
        same = keys in pairs if chosen.two else cluster[keys[0]] == cluster[keys[1]]
        right += same
        tool.mark_pairs({"match": [(left, other)] if same else [], "distinct": [] if same else [(left, other)]})
        if done % 50 == 49:
            print(f"{done + 1} labels, {right} matches", file=sys.stderr, flush=True)
    return right


if __name__ == "__main__":
    main()
