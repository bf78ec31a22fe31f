"""Check digits, a column at a time. Each function expects text of the right form and length."""

from collections.abc import Sequence

import polars as pl

_BASE_36 = {character: value for value, character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_BASE_32 = {character: value for value, character in enumerate("0123456789abcdefghjkmnpqrstvwxyz")}


def digit(column: pl.Expr, at: int) -> pl.Expr:
    """The digit at a place, as a number."""
    return column.str.slice(at, 1).cast(pl.Int64, strict=False)


def weighted(column: pl.Expr, weights: Sequence[int], *, start: int = 0) -> pl.Expr:
    """The sum of the digits from `start`, each times its weight."""
    return pl.sum_horizontal([digit(column, at) * weight for at, weight in enumerate(weights, start)], ignore_nulls=False)


def luhn(column: pl.Expr, length: int, *, constant: int = 0) -> pl.Expr:
    """Whether the Luhn sum, with a constant for digits that are not written, ends in nought."""
    # Arithmetic on one number is several times as fast as cutting its text apart.
    number = column.cast(pl.Int64, strict=False)
    terms = []
    for at in range(length):
        one = number // 10 ** (length - 1 - at) % 10
        doubled = (length - at) % 2 == 0
        # Twice a digit above four has two digits, whose sum is nine less.
        terms.append(2 * one - pl.when(one > 4).then(9).otherwise(0) if doubled else one)
    return (pl.sum_horizontal(terms, ignore_nulls=False) + constant) % 10 == 0


def gs1(column: pl.Expr, length: int) -> pl.Expr:
    """Whether the last digit brings the sum of weights 3, 1 from the right to the next ten."""
    weights = [1 if (length - at) % 2 else 3 for at in range(length)]
    return weighted(column, weights) % 10 == 0


def mod_11_2(column: pl.Expr) -> pl.Expr:
    """Whether the sixteenth character is that of ISO 7064 mod 11-2; X stands for ten."""
    total = weighted(column, [pow(2, 15 - at, 11) for at in range(15)])
    check = pl.when(column.str.slice(15, 1) == "X").then(10).otherwise(digit(column, 15))
    return (total + check) % 11 == 1


def mod_97_10(column: pl.Expr, length: int) -> pl.Expr:
    """Whether the number, letters read as 10 to 35, leaves one when parted by 97 (ISO 7064 mod 97-10)."""
    rest = pl.lit(0, dtype=pl.Int64)
    for at in range(length):
        value = value_36(column, at)
        rest = (rest * pl.when(value > 9).then(100).otherwise(10) + value) % 97
    return rest == 1


def value_36(column: pl.Expr, at: int) -> pl.Expr:
    """The value of the character at a place: nought to nine, A is ten."""
    return column.str.slice(at, 1).replace_strict(_BASE_36, default=None, return_dtype=pl.Int64)


def value_32(column: pl.Expr, at: int) -> pl.Expr:
    """The value of the character at a place in Crockford's base 32."""
    return column.str.slice(at, 1).replace_strict(_BASE_32, default=None, return_dtype=pl.Int64)
