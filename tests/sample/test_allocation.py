from hypothesis import given
from hypothesis import strategies as st

from mdm.sample.allocation import allocated, effective, size_needed, smallest

SIZES = st.lists(st.integers(0, 5000), min_size=1, max_size=8)


@given(SIZES, st.integers(0, 800))
def test_as_many_as_asked_for_and_no_more_than_there_are(sizes, total):
    counts = allocated(sizes, total)

    assert sum(counts) == min(total, sum(sizes))
    assert all(0 <= n <= size for n, size in zip(counts, sizes, strict=True))


@given(SIZES, st.integers(0, 800))
def test_more_in_all_never_means_fewer_of_one(sizes, total):
    fewer, more = allocated(sizes, total), allocated(sizes, total + 1)

    assert all(m >= f for m, f in zip(more, fewer, strict=True))


@given(SIZES, st.integers(0, 800), st.integers(1, 8))
def test_every_stratum_gets_the_least_before_any_gets_more(sizes, total, least):
    counts = allocated(sizes, total, least=least)

    short = [n for n, size in zip(counts, sizes, strict=True) if n < min(least, size)]
    assert not short or max(counts) <= least


def test_what_is_beyond_the_least_goes_by_the_root_of_the_size():
    assert allocated([90_000, 10_000], 400) == [300, 100]


@given(SIZES, st.integers(1, 300))
def test_the_size_needed_tells_enough_and_one_fewer_does_not(sizes, answers):
    size = size_needed(sizes, answers)

    assert size == sum(sizes) or effective(sizes, allocated(sizes, size)) >= answers
    assert size <= 1 or effective(sizes, allocated(sizes, size - 1)) < answers


@given(st.integers(1, 10**6))
def test_the_smallest_that_is_enough_is_found(number):
    assert smallest(lambda n: n >= number, 0, 10**9) == number
