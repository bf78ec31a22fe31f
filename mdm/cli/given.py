"""Values as they are typed: ATTRIBUTE=VALUE."""

from collections.abc import Sequence

from mdm.errors import UsageError


def values(texts: Sequence[str]) -> dict[str, str]:
    """What was typed, by attribute."""
    pairs = [text.partition("=") for text in texts]
    wrong = next((name for name, equals, _ in pairs if not equals or not name), None)
    if wrong is not None:
        raise UsageError(f"{wrong!r} is not ATTRIBUTE=VALUE; write for example family_name=Lopez")
    twice = next((name for name, _, _ in pairs if [p[0] for p in pairs].count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{twice} is given twice; give it once")
    return {name.strip(): value for name, _, value in pairs}
