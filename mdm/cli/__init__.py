"""The command line: data to stdout, talk to stderr, an exit code that says what to do next."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    from mdm.cli.app import run

    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))
