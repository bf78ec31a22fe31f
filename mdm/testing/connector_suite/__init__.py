"""The contract suite for connectors: one call gives an outside author the tests that hold a connector to its contract.

    @contextmanager
    def things(folder):                       # a small source that stands still, and a connector that reads it
        write_some_files(folder)
        yield Subject(
            connector=lambda: Things("things", {"path": "*.csv"}),
            context=Context(home=folder),
            requests=(StreamRequest("accounts", key=("Id",)),),
            keys={"accounts": {"1", "2", "3"}},
        )

    TestThings = connector_suite.tests(things)

Let the source have at least three pages, or a lost page cannot be noticed. With a hand at the source (`delete`,
`expire`, `wrong_password`, `login_attempts`) the suite also tests deletions, sessions that end, and refused logins; a test
whose hand is missing is skipped and says so.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mdm.testing.connector_suite.landing import (
    a_deletion_is_told,
    killed_in_mid_paging_it_resumes,
    landing_it_again_changes_nothing,
)
from mdm.testing.connector_suite.paging import (
    a_first_reading_says_each_record_once,
    any_checkpoint_will_do,
    every_key_is_read,
    stopping_everywhere_loses_nothing,
    the_next_run_loses_nothing,
    the_same_delivery_is_the_same,
)
from mdm.testing.connector_suite.session import (
    a_session_that_ends_is_renewed,
    a_wrong_password_is_refused_once,
    secrets_never_show,
)
from mdm.testing.connector_suite.shape import (
    a_healthy_source_passes,
    messages_have_their_shape,
    options_are_explained,
    payloads_are_json_objects,
    streams_are_discovered,
    unknown_options_are_refused,
)
from mdm.testing.connector_suite.subject import Law, Opened, Subject

LAWS: tuple[Law, ...] = (
    unknown_options_are_refused,
    options_are_explained,
    a_healthy_source_passes,
    streams_are_discovered,
    messages_have_their_shape,
    every_key_is_read,
    a_first_reading_says_each_record_once,
    payloads_are_json_objects,
    the_same_delivery_is_the_same,
    any_checkpoint_will_do,
    stopping_everywhere_loses_nothing,
    the_next_run_loses_nothing,
    killed_in_mid_paging_it_resumes,
    landing_it_again_changes_nothing,
    a_deletion_is_told,
    a_session_that_ends_is_renewed,
    a_wrong_password_is_refused_once,
    secrets_never_show,
)
__all__ = ["LAWS", "Law", "Opened", "Subject", "tests", *sorted(law.__name__ for law in LAWS)]


def tests(opened: Opened) -> type:
    """A class of tests, one for each law, for the connector that `opened` sets up in an empty folder."""
    return type("TestContract", (), {f"test_{law.__name__}": _test(opened, law) for law in LAWS})


def _test(opened: Opened, law: Law) -> Callable[[Any, Path], None]:
    def test(self: Any, tmp_path: Path) -> None:
        with opened(tmp_path) as subject:
            law(subject)

    test.__doc__ = law.__doc__
    return test
