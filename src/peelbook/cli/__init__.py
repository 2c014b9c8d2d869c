"""The command line: each command reads its options, calls one function of a subpackage and prints the result.

Errors that are the input's fault end as one message on stderr with exit status 2; a traceback means a bug.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import NoReturn

import typer

from peelbook import __version__, paths
from peelbook.cli.claims import app as claims_app
from peelbook.cli.data import app as data_app
from peelbook.cli.own_data import register as register_supplied
from peelbook.cli.run import app as runner_app
from peelbook.cli.site import app as site_app
from peelbook.errors import PeelbookError

app = typer.Typer(
    name="peelbook",
    help="The reproducible analysis book of PEEL police inspections, from open data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
register_supplied(data_app)
app.add_typer(data_app, name="data", help="Official data in: list, ingest, fetch, verify, coverage.")
app.add_typer(claims_app, name="claims", help="The ledger of printed numbers: list, check, new.")
app.add_typer(runner_app)
app.add_typer(site_app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"peelbook {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", help="Print the version and stop.", callback=_version, is_eager=True
    ),
) -> None:
    """The reproducible analysis book of PEEL police inspections, from open data."""


def _choose_project(words: list[str]) -> None:
    """Decide which project the command acts on, and say so on stderr, with the folder that output goes to.

    It goes into the environment, so that the processes of a run see the same one. `words` is the command line;
    help, the version and a shell's completion are about no project.
    """
    root = paths.project_root()
    if root != paths.installed_project():
        os.environ["PEELBOOK_ROOT"] = str(root)
    silent = not words or {"--help", "-h", "--version"} & {*words} or "_PEELBOOK_COMPLETE" in os.environ
    if silent or words[0] == "new":
        return
    if root == paths.EMBEDDED:
        line = f"the project that comes with peelbook {__version__}; output goes to {paths.output_root()}"
    else:
        line = f"project {root}"
    if paths.data_dir() != root / "data":
        line += f", with the tables in {paths.data_dir()}"
    typer.echo(f"peelbook: {line}", err=True)


_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}

INTERRUPTED, TERMINATED = 130, 143
"""Exit status of a command that was ended from outside: 128 and the number of the signal."""


class _Terminated(BaseException):
    """The system asks this process to end."""


def _end(number: int, frame: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # once is enough: the processes are being stopped
    raise _Terminated


def main() -> None:
    """Run the command line.

    Exit status: 0 done, 1 partial failure, 2 bad usage or bad input, 130 stopped with Ctrl-C, 143 terminated.
    """
    signal.signal(signal.SIGTERM, _end)
    try:
        _choose_project(sys.argv[1:])
        app()
    except PeelbookError as error:
        _stop(str(error), 2)
    except (KeyboardInterrupt, SystemExit) as ended:
        # typer makes of Ctrl-C, without a word, this status.
        if isinstance(ended, SystemExit) and ended.code != INTERRUPTED:
            raise
        _stop("stopped. What was finished is kept; run the same command to go on.", INTERRUPTED)
    except _Terminated:
        _stop("terminated. What was finished is kept; run the same command to go on.", TERMINATED)
    except OSError as error:
        if error.errno not in _DISK:
            raise
        _stop(
            f"{error.filename or 'a folder'}: cannot be used ({error.strerror}). "
            "Fix: free some space, or give yourself the right to it, then run again.",
            2,
        )


def _stop(message: str, status: int) -> NoReturn:
    typer.echo(f"peelbook: {message}", err=True)
    sys.exit(status)
