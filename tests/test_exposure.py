"""One list of who sees what."""

import pytest

from mdm import exposure
from mdm.entity import EXPOSURES, Attribute
from mdm.errors import UsageError

PEOPLE = [Attribute(f"a_{e}", "An attribute.", exposure=e) for e in EXPOSURES]


@pytest.mark.parametrize(
    ("role", "hidden"),
    [
        ("viewer", ["a_personal", "a_sensitive"]),
        ("steward", ["a_sensitive"]),
        ("lead", ["a_sensitive"]),
        ("engineer", ["a_personal", "a_sensitive"]),
        ("admin", ["a_business", "a_personal", "a_sensitive"]),
        ("auditor", ["a_personal", "a_sensitive"]),
    ],
)
def test_each_role_sees_what_it_needs(role: str, hidden: list[str]):
    assert exposure.hidden(PEOPLE, role) == hidden


@pytest.mark.parametrize(("role", "lifted"), [("steward", True), ("lead", True), ("viewer", False), ("admin", False)])
def test_a_reason_lifts_the_mask_for_stewards_only(role: str, lifted: bool):
    assert exposure.seen(role, "sensitive", unmasked=True) is lifted


def test_an_unknown_role_is_refused():
    with pytest.raises(UsageError, match="viewer"):
        exposure.seen("guest", "public")


def test_an_unknown_exposure_is_refused():
    with pytest.raises(UsageError, match="sensitive"):
        exposure.seen("viewer", "secret")
