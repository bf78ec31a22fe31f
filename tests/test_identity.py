"""Law 2 over random histories, against a reference in plain Python."""

from dataclasses import dataclass, field

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm import identity
from mdm.identity import ALPHABET, Past

RECORDS = range(8)
Partition = list[frozenset[int]]


def name(record: int) -> str:
    # Not in the order of the numbers, so that the two orders cannot be taken for each other.
    return f"{(record * 5) % 8}"


@dataclass
class Book:
    """Everything that was ever issued, as law 2 wants it remembered."""

    living: dict[str, frozenset[int]] = field(default_factory=dict)
    founder: dict[str, int] = field(default_factory=dict)
    born: dict[str, int] = field(default_factory=dict)
    held: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    successors: dict[str, set[str]] = field(default_factory=dict)
    ever: dict[str, set[int]] = field(default_factory=dict)

    def past(self, undone: frozenset[str] = frozenset()) -> Past:
        members = [(r, g) for g, rs in self.living.items() for r in sorted(rs)]
        held = [(r, g, until) for r, hs in self.held.items() for until, g in hs if g not in self.living]
        ids = [(g, f, self.born[g]) for g, f in self.founder.items()]
        return Past(
            pl.DataFrame(members, schema={"record_id": pl.Int64, "golden_id": pl.String}, orient="row"),
            pl.DataFrame(ids, schema={"golden_id": pl.String, "founder": pl.Int64, "born": pl.Int64}, orient="row"),
            pl.DataFrame(held, schema={"record_id": pl.Int64, "golden_id": pl.String, "until": pl.Int64}, orient="row"),
            undone,
        )

    def turn(self, run: int, future: dict[str, frozenset[int]], retired: dict[str, set[str]]) -> None:
        """What holds after a change."""
        home = {r: g for g, rs in future.items() for r in rs}
        for g, rs in self.living.items():
            for r in rs:
                if home.get(r) != g:
                    self.held.setdefault(r, []).append((run, g))
        for g, rs in future.items():
            if g not in self.founder:
                self.founder[g], self.born[g] = min(rs, key=name), run
            self.ever.setdefault(g, set()).update(rs)
            self.successors.pop(g, None)
        self.successors |= retired
        self.living = future

    def resolved(self, golden_id: str) -> set[str]:
        """The living ids that answer for one."""
        found, waiting, seen = set[str](), [golden_id], set[str]()
        while waiting:
            one = waiting.pop()
            if one in self.living:
                found.add(one)
            elif one not in seen:
                seen.add(one)
                waiting += self.successors[one]
        return found


def parts_of(partition: Partition) -> pl.DataFrame:
    rows = [(r, min(part), "s", "t", name(r)) for part in partition for r in sorted(part)]
    return pl.DataFrame(
        rows,
        schema={"record_id": pl.Int64, "cluster": pl.Int64, "source": pl.String, "stream": pl.String, "source_key": pl.String},
        orient="row",
    )


def assigned(book: Book, partition: Partition, run: int, issued: set[str], undone: frozenset[str] = frozenset()):
    """Who has which id, which ids retire to what, and what became of each part."""
    future = identity.assign("THG", parts_of(partition), book.past(undone), run=run, taken=lambda ids: set(ids) & issued)
    members = {min(part): part for part in partition}
    ids = {g: members[c] for c, g in future.assigned.select("cluster", "golden_id").iter_rows()}
    retired: dict[str, set[str]] = {}
    for golden_id, successor in future.retired.select("golden_id", "successor_id").iter_rows():
        retired.setdefault(golden_id, set()).update([successor] if successor is not None else [])
    kinds = dict(future.assigned.select("golden_id", "kind").iter_rows())
    assert future.assigned["golden_id"].is_unique().all()
    return ids, retired, kinds


def wanted(book: Book, partition: Partition, issued: set[str]) -> dict[frozenset[int], str | None]:
    """Law 2, word by word: the id of each part, None for a new one."""
    claims: dict[frozenset[int], list[str]] = {}
    for golden_id, members in book.living.items():
        shares = [(len(part & members), book.founder[golden_id] in part, part) for part in partition if part & members]
        if shares:
            best = min(shares, key=lambda s: (-s[0], not s[1], min(map(name, s[2]))))
            claims.setdefault(best[2], []).append(golden_id)
    present = set().union(*partition) if partition else set()

    def age(golden_id: str) -> tuple:
        founder = book.founder[golden_id]
        return book.born[golden_id], founder not in present, name(founder) if founder in present else "", golden_id

    kept: dict[frozenset[int], str | None] = {part: min(ids, key=age) for part, ids in claims.items()}
    used = set(kept.values()) | set(book.living)
    waiting = [part for part in partition if part not in kept]
    while waiting:
        offers: dict[str | None, list[frozenset[int]]] = {}
        for part in waiting:
            free = [(-until, g) for until, g in book.held.get(min(part, key=name), []) if g not in used]
            offers.setdefault(min(free)[1] if free else None, []).append(part)
        kept |= dict.fromkeys(offers.pop(None, []))
        kept |= {min(parts, key=lambda p: min(map(name, p))): golden_id for golden_id, parts in offers.items()}
        used |= set(offers)
        waiting = [part for part in waiting if part not in kept]
    return kept


@st.composite
def partitions(draw: st.DrawFn) -> Partition:
    """Some records, each in one of a few groups."""
    homes = draw(st.lists(st.integers(0, 4), min_size=len(RECORDS), max_size=len(RECORDS)))
    groups: dict[int, set[int]] = {}
    for record, home in zip(RECORDS, homes, strict=True):
        # Group 0 is absence: the record has not come yet, or has left.
        if home:
            groups.setdefault(home, set()).add(record)
    return [frozenset(g) for g in groups.values()]


@settings(max_examples=60)
@given(history=st.lists(partitions(), min_size=1, max_size=7), spent=st.sets(st.sampled_from(RECORDS)))
def test_ids_keep_their_law_over_any_history(history: list[Partition], spent: set[int]):
    book = Book()
    # Ids that something else has already: what would be made first for these founders is not free.
    issued = set(
        identity.golden_ids("THG", pl.Series(sorted(spent), dtype=pl.Int64), pl.Series([0] * len(spent), dtype=pl.Int64))
    )
    for run, partition in enumerate(history, start=1):
        law = wanted(book, partition, issued)

        ids, retired, kinds = assigned(book, partition, run, issued)

        assert set(ids.values()) == set(partition)
        for golden_id, part in ids.items():
            assert identity.well_formed(golden_id)
            if law[part] is None:
                assert golden_id not in issued
                assert kinds[golden_id] == "created"
            else:
                assert golden_id == law[part]
                assert kinds[golden_id] == ("kept" if golden_id in book.living else "restored")
                assert book.ever[golden_id] & part
        home = {r: g for g, rs in ids.items() for r in rs}
        gone = {g: {home[r] for r in rs if r in home} for g, rs in book.living.items() if g not in ids}
        assert retired == gone
        book.turn(run, ids, retired)
        issued |= set(ids)
        for golden_id in book.founder:
            assert book.resolved(golden_id) <= set(ids)


@settings(max_examples=40)
@given(history=st.lists(partitions(), min_size=1, max_size=4), seed=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_id(history: list[Partition], seed):
    book, issued = Book(), set[str]()
    for run, partition in enumerate(history, start=1):
        ids, retired, _ = assigned(book, partition, run, issued)
        past, parts = book.past(), parts_of(partition)
        order = list(range(parts.height))
        seed.shuffle(order)

        again = identity.assign(
            "THG",
            parts[order],
            Past(past.members.reverse(), past.ids.reverse(), past.held.reverse()),
            run=run,
            taken=lambda i: set(i) & issued,
        )

        assert dict(again.assigned.select("golden_id", "cluster").iter_rows()) == {g: min(part) for g, part in ids.items()}
        book.turn(run, ids, retired)
        issued |= set(ids)


@given(sizes=st.lists(st.integers(1, 3), min_size=2, max_size=3), order=st.permutations(range(3)), data=st.data())
def test_a_match_withdrawn_gives_back_every_id(sizes: list[int], order: list[int], data: st.DataObject):
    """Golden records issued in some order, joined by a match, parted by its withdrawal: as they were."""
    numbers = iter([*data.draw(st.permutations(RECORDS)), 8])
    parts = [frozenset(next(numbers) for _ in range(n)) for n in sizes]
    book, issued, run = Book(), set[str](), 0
    for at in [i for i in order if i < len(parts)]:
        run += 1
        there = [*book.living.values(), parts[at]]
        ids, retired, _ = assigned(book, there, run, issued)
        book.turn(run, ids, retired)
        issued |= set(ids)
    before = dict(book.living)
    ids, retired, _ = assigned(book, [frozenset().union(*parts)], run + 1, issued)
    (kept,) = ids
    book.turn(run + 1, ids, retired)

    ids, retired, kinds = assigned(book, parts, run + 2, issued, undone=frozenset([kept]))

    assert ids == before
    assert retired == {}
    assert sorted(kinds.values()) == ["kept"] + ["restored"] * (len(parts) - 1)


def test_a_match_withdrawn_under_another_gives_back_what_would_have_been():
    x, y, z = frozenset([0]), frozenset([5, 6]), frozenset([2, 3, 4])
    book, issued = Book(), set[str]()
    ids, retired, _ = assigned(book, [x, y, z], 1, issued)
    book.turn(1, ids, retired)
    id_of = {part: g for g, part in ids.items()}
    issued |= set(ids)
    for run, partition in enumerate([[x | y, z], [x | y | z]], start=2):
        ids, retired, _ = assigned(book, partition, run, issued)
        book.turn(run, ids, retired)

    ids, retired, _ = assigned(book, [x, y | z], 4, issued, undone=frozenset([id_of[x]]))
    book.turn(4, ids, retired)

    older = min(y, z, key=lambda part: min(map(name, part)))
    younger = z if older == y else y
    assert ids == {id_of[x]: x, id_of[older]: y | z}
    assert book.resolved(id_of[younger]) == {id_of[older]}


codes = st.integers(0, 2**63 - 1).map(lambda n: identity.golden_ids("THG", pl.Series([n]), pl.Series([0]))[0])


@given(golden_id=codes, at=st.integers(4, 13) | st.just(15), letter=st.sampled_from(ALPHABET))
def test_a_single_slip_is_caught(golden_id: str, at: int, letter: str):
    slip = golden_id[:at] + letter + golden_id[at + 1 :]

    assert identity.well_formed(golden_id)
    assert identity.well_formed(slip) == (slip == golden_id)


@given(golden_id=codes, at=st.integers(0, 9))
def test_a_swap_of_neighbours_is_caught(golden_id: str, at: int):
    letters = list(golden_id.replace("-", "")[3:])
    letters[at], letters[at + 1] = letters[at + 1], letters[at]
    swapped = f"THG-{''.join(letters[:10])}-{letters[10]}"

    assert identity.well_formed(swapped) == (swapped == golden_id)


@pytest.mark.parametrize("text", ["", "THG", "THG-123-4", "THG-0ILOU00000-1", "THG-1111111111-11", "THG_1111111111_1"])
def test_other_shapes_are_no_ids(text: str):
    assert not identity.well_formed(text)


def test_a_collision_counts_on():
    first = identity.golden_ids("THG", pl.Series([7]), pl.Series([0]))[0]
    second = identity.golden_ids("THG", pl.Series([7]), pl.Series([1]))[0]

    ids, _, _ = assigned(Book(), [frozenset([7])], 1, {first})

    assert list(ids) == [second]
