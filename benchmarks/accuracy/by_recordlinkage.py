"""recordlinkage with its classifier by expectation and conditional maximisation, which needs no labels.

Pairs of one table are closed to clusters; pairs of two tables are left as they are.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import recordlinkage

from benchmarks.accuracy import answer, score, sets


@dataclass(frozen=True)
class Model:
    """Blocks (none: all pairs), and for each column how it is compared and from where on it agrees.

    A `text` is compared in two further ways that do not mind the order of its words.
    """

    block: Sequence[Sequence[str]]
    compare: Mapping[str, float | None]
    text: str | None = None


SIMILAR = 0.5
# None is equality, a number a Jaro-Winkler similarity that counts as agreement.
PERSON = Model(
    [["given_name"], ["surname"], ["date_of_birth"], ["soc_sec_id"], ["postcode"]],
    {
        "given_name": 0.85, "surname": 0.85, "date_of_birth": None, "suburb": 0.85, "state": None, "postcode": None,
        "address_1": 0.85, "address_2": 0.85, "street_number": None, "soc_sec_id": None,
    },
)  # fmt: skip
MODELS = {
    "historical50k": Model(
        [["first_name", "surname"], ["surname", "dob"], ["first_name", "dob"], ["postcode_fake", "first_name"],
         ["postcode_fake", "surname"], ["dob", "birth_place"]],
        {"first_name": 0.85, "surname": 0.85, "dob": 0.85, "birth_place": None, "postcode_fake": 0.85, "occupation": None},
    ),
    "febrl3": PERSON,
    "febrl4": PERSON,
    "chicago_sites": Model(
        [["phone"], ["address"], ["site_name"], ["zip", "begin"]],
        {"site_name": 0.85, "address": 0.85, "zip": None, "phone": None},
    ),
    "leipzig": Model([], {"affiliation": 0.85}, text="affiliation"),
    "fodors_zagat": Model(
        [["phone"], ["name"], ["addr"], ["city"]], {"name": 0.85, "addr": 0.85, "city": 0.85, "phone": None, "type": None}
    ),
    "abt_buy": Model([], {"name": 0.85, "price": None}, text="name"),
    "amazon_google": Model([], {"title": 0.85, "manufacturer": 0.85, "price": None}, text="title"),
    "musicbrainz20k": Model(
        [["title"], ["artist", "album"], ["album", "number"], ["begin", "artist"], ["begin", "album"]],
        {"title": 0.85, "artist": 0.85, "album": 0.85, "number": None, "length": None, "year": None, "language": None},
    ),
}  # fmt: skip
# The beginning of the name is an obvious block of its own.
BEGINNING: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = {
    "chicago_sites": lambda table: table["site_name"].str[:4],
    "musicbrainz20k": lambda table: table["title"].str[:6],
}


def main() -> None:
    """Answer for the set of the first argument, prepared in the folder of the second."""
    chosen, folder = sets.SETS[sys.argv[1]], Path(sys.argv[2])
    model = MODELS[chosen.name]
    tables = [_table(folder, t, chosen) for t in chosen.tables]
    features = _compare(model, _pairs(model, tables), tables)
    links = recordlinkage.ECMClassifier().fit_predict(features)
    if chosen.two:
        answer.write(folder, answer.PAIRS, links.tolist(), pairs=len(features))
    else:
        clusters = score.closure(links.tolist(), tables[0].index.tolist())
        answer.write(folder, answer.CLUSTERS, clusters.items(), pairs=len(features))


def _table(folder: Path, table: str, chosen: sets.Labelled) -> pd.DataFrame:
    frame = pd.DataFrame(sets.prepared(folder, table)).set_index(sets.ID)
    begin = BEGINNING.get(chosen.name)
    return frame if begin is None else frame.assign(begin=begin(frame))


def _pairs(model: Model, tables: Sequence[pd.DataFrame]) -> pd.MultiIndex:
    if not model.block:
        return recordlinkage.index.Full().index(*tables)
    found = None
    for columns in model.block:
        # Missing values would block with each other.
        stated = [t.dropna(subset=list(columns)) for t in tables]
        pairs = recordlinkage.index.Block(list(columns)).index(*stated)
        found = pairs if found is None else found.union(pairs)
    assert found is not None
    return found


def _compare(model: Model, pairs: pd.MultiIndex, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    compare = recordlinkage.Compare()
    for column, least in model.compare.items():
        if least is None:
            compare.exact(column, column, label=column)
        else:
            compare.string(column, column, method="jarowinkler", threshold=least, label=column)
    for method in ("qgram", "cosine") if model.text else ():
        compare.string(model.text, model.text, method=method, threshold=SIMILAR, label=method)
    return compare.compute(pairs, *tables)


if __name__ == "__main__":
    main()
