"""Refusal: rules that would make too many pairs, or next to none, are named before any work is done, with what would help.

The advice is counted, not guessed: each further column and each lower limit is tried on the keys of these records.
"""

from collections.abc import Sequence

from mdm import exposure
from mdm.bench import Bench
from mdm.blocking.advice import Advice, advice, further, written
from mdm.blocking.forecast import BYTES, Cost, Forecast, changed, cost, limit, sizes_of
from mdm.blocking.rule import key_sql
from mdm.entity import Block, Entity
from mdm.errors import BlockingError

_SHOWN, _ADVICES = 3, 3
# One pair in this many records is as good as none.
_NOTHING = 1_000


def allow(bench: Bench, entity: Entity, ahead: Forecast, *, whole: bool = True) -> None:
    """Raise BlockingError where the rules would make more pairs than the limit, or where they find nobody at all."""
    if ahead.pairs > ahead.limit:
        pairs = ahead.pairs if whole else changed(bench, entity)
        if pairs > ahead.limit:
            raise BlockingError(_explosion(bench, entity, ahead, pairs))
    if whole and nothing(ahead):
        raise BlockingError(_barren(ahead))


def allow_training(bench: Bench, entity: Entity, columns: Sequence[str]) -> None:
    """Raise BlockingError where a training block, on which no key is too hot, has more pairs than the limit."""
    sized = sizes_of(bench, list(columns))
    records = bench.execute("select count(*) from bench.compare")[0][0]
    pairs, most = int(sized["pairs"].sum()), limit(bench, records)
    if pairs > most:
        rule = cost(entity, 0, Block(*columns, hot=records), sized)
        found = [a for a in further(bench, entity, rule) if a.pairs <= most][:_ADVICES]
        change = "; or ".join(map(_told, found)) if found else "add a column to it that tells more records apart"
        raise BlockingError(
            f"{entity.name}: the training block {written(columns)} has {pairs:,} pairs of {records:,} records, more than the limit "
            f"of {most:,}; no model was made. In rules/{entity.name}.py, instead of it: {change}. Or allow them with "
            f"`[run] pairs = {pairs}`"
        )


def nothing(ahead: Forecast) -> bool:
    """Every rule is useless and records of several streams never meet. Pure."""
    filled = [c for c in ahead.costs if c.keys]
    several = ahead.streams > 1 and ahead.records >= _NOTHING
    return bool(filled) and several and all(c.useless for c in filled) and ahead.pairs * _NOTHING < ahead.records


def largest(bench: Bench, entity: Entity, rule: Cost) -> list[tuple[str, int]]:
    """The largest keys that make pairs, and how many records share each; no value that is personal."""
    open_ = not _hidden(entity, rule.columns)
    rows = bench.execute(
        f"select any_value(t), count(*) as n from ({key_sql(bench, list(rule.columns))}) group by k having count(*) <= {rule.hot} "
        f"order by n desc, any_value(t) limit {_SHOWN}"
    )
    return [(text if open_ else exposure.MASK, n) for text, n in rows]


def _hidden(entity: Entity, columns: Sequence[str]) -> bool:
    made_of = {k.name: k.of for k in entity.keys}
    names = {name for column in columns for name in made_of.get(column, (column,))}
    return any(entity.attribute(n).exposure in ("personal", "sensitive") for n in names if n not in made_of)


def _explosion(bench: Bench, entity: Entity, ahead: Forecast, pairs: int) -> str:
    worst = max(ahead.costs, key=lambda c: (c.pairs, -c.number))
    keys = ", ".join(f"{text!r} with {n:,} records" for text, n in largest(bench, entity, worst))
    help_ = advice(bench, entity, ahead, worst)
    change = "; or ".join(map(_told, help_)) if help_ else "add a column to it that tells more records apart"
    return (
        f"{entity.name}: blocking would make {pairs:,} pairs of {ahead.records:,} records, more than the limit of "
        f"{ahead.limit:,}; nothing was matched, what has landed and what is published stays. Most come from the rule {written(worst.columns)}: "
        f"{worst.pairs:,} pairs of {worst.keys:,} keys, the largest {keys}. In rules/{entity.name}.py, instead of it: {change}. "
        f"Or allow them with `[run] pairs = {pairs}`, which needs about {size(pairs * BYTES)} of memory or disk"
    )


def _told(one: Advice) -> str:
    return f"{one.code} makes {one.pairs:,} pairs and keeps {one.share:.0%} of its records"


def _barren(ahead: Forecast) -> str:
    told = ", ".join(f"{written(c.columns)} ({c.silent})" for c in ahead.costs if c.silent)
    return (
        f"{ahead.entity}: blocking would find no pairs among {ahead.records:,} records of {ahead.streams} streams, so nothing "
        f"could ever be joined; nothing was matched, what has landed and what is published stays. Its rules are: {told}. Add a rule of columns "
        f"that records of one thing share, such as a name with a postcode; `mdm suggest {ahead.entity}` proposes some"
    )


def size(count: float) -> str:
    """Bytes in words."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
