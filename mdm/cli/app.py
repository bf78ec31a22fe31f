"""Every command, and what becomes of an error in one."""

import errno
import os
import re
import sys
import traceback
from collections.abc import Sequence

import typer

from mdm.cli import blocking, keep, look, model, project, sample, source, steward, talk, why
from mdm.cli import run as runs
from mdm.errors import MdmError

app = typer.Typer(
    name="mdm",
    help="Open master data management for life sciences: from scattered sources to golden records over SQL.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (project, source, runs, model, blocking, why, look, steward, sample, keep):
    group.register(app)
_INTERRUPTED = 130


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    as_json = "--json" in arguments
    try:
        code = typer.main.get_command(app)(args=list(arguments), prog_name="mdm", standalone_mode=False)
    except MdmError as error:
        return _told(error, talk.failed(str(error), name=_name(error), code=error.exit_code, as_json=as_json))
    except typer.TyperException as error:
        message = f"{error.format_message()}; see `mdm {_command(arguments)} --help`".replace("  ", " ")
        return talk.failed(message, name="usage", code=2, as_json=as_json)
    except typer.Abort:
        code = _INTERRUPTED
    except OSError as error:
        if error.errno == errno.EPIPE:
            # The reader had enough: whatever is still buffered has nowhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        return _unexpected(error, as_json=as_json)
    except Exception as error:  # the last resort: nobody should meet a traceback without asking
        return _unexpected(error, as_json=as_json)
    if code == _INTERRUPTED:
        return talk.failed(
            f"interrupted; nothing is half done: {_resume(arguments)}", name="interrupted", code=code, as_json=as_json
        )
    return code if isinstance(code, int) else 0


def _unexpected(error: Exception, *, as_json: bool) -> int:
    first = (str(error).strip() or "no message").splitlines()[0]
    hint = "" if talk.debugging() else "; MDM_DEBUG=1 shows where"
    code = talk.failed(f"{type(error).__name__}: {first}{hint}", name="unexpected", code=1, as_json=as_json)
    return _told(error, code)


def _told(error: Exception, code: int) -> int:
    if talk.debugging():
        talk.err().print("".join(traceback.format_exception(error)), markup=False)
    return code


def _resume(arguments: Sequence[str]) -> str:
    if _command(arguments) in ("run", "sync", "train", "demo"):
        return f"`mdm {' '.join(arguments)}` again goes on where it stopped"
    return "type the command again"


def _command(arguments: Sequence[str]) -> str:
    return next((a for a in arguments if not a.startswith("-")), "")


def _name(error: MdmError) -> str:
    """`ContradictionError` is told to programs as `contradiction`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__.removesuffix("Error")).lower()
