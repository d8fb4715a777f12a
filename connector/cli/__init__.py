"""The command line: `accord COMMAND`. One file a command; this one knows where each lives and how each ends.

A command's module is imported only when that command is asked for, so that `accord --help` stays quick:
nothing heavy may be imported here. A command is the click command named `command` in its module; it returns
None (fine) or an exit code, and raises AccordError for what a user can mend.
"""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from connector import __version__
from connector.cli.said import say
from connector.errors import EXIT_FINE, EXIT_INTERRUPTED, EXIT_WRONG, AccordError

# Where each command lives and what it does, in the order of a first acquaintance.
SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Begin": {
        "demo": "The whole story, on the embedded platforms.",
        "init": "Write a configuration, a mapping and starter rules.",
        "check": "Try everything live, and say how to mend what is missing.",
        "setup": "Make what the platform lacks (a table, columns, fields).",
        "sandbox": "Serve the embedded platforms on this machine.",
    },
    "Rules": {
        "validate": "Check configuration, mappings and rules, offline.",
        "evaluate": "Evaluate a file of tickets, offline.",
        "calendar": "Open time between two instants, or the due instant.",
        "holidays": "Write a country's holidays into a calendar.",
        "schema": "JSON Schema of the files, for editors.",
    },
    "Runs": {
        "plan": "Show what a sync would do, and do nothing.",
        "sync": "One run: pull, evaluate, decide, deliver.",
        "serve": "Run on schedule, with health, figures and webhooks.",
        "status": "Cursors, last runs, open cycles by state.",
        "outbox": "List, retry or drop effects that did not go out.",
        "store": "Check, back up or prune the store.",
    },
    "Answers": {
        "explain": "The timeline of a ticket's clocks, step by step.",
        "report": "The achievement report of a period.",
        "reconcile": "Accord's clocks beside the platform's own SLA engine.",
    },
}
COMMANDS: Mapping[str, str] = {name: text for section in SECTIONS.values() for name, text in section.items()}


# What is imported and read stays: to look through it for garbage every 700 objects is a tenth of a start.
OBJECTS_BEFORE_COLLECTION = 100_000


def module_of(name: str) -> str:
    """The module that holds the command *name*."""
    return f"connector.cli.{name}"


class LazyGroup(click.Group):
    """Finds a command by its name, and its module only then."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """All commands, in the order of the sections."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, imported now; None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(module_of(cmd_name)).command
        command.name = cmd_name
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with a guess for a misspelt command."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from connector.yamldoc import suggest

            guess = suggest(args[0], COMMANDS) or "see accord --help"
            ctx.fail(f"there is no command {args[0]!r}; {guess}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The sections, from the table above: no command is imported for it."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="accord", message="%(prog)s %(version)s")
def cli() -> None:
    """Service level management as code, on top of the service desk that is already there.

    `accord COMMAND --help` says more about each. Exit codes: 0 fine; 1 the check found something; 2 wrong
    usage, configuration or rules; 3 a platform was not reachable or not allowed; 4 some acts failed or await
    `--allow`; 130 stopped by Ctrl-C.
    """


def main(args: Sequence[str] | None = None, *, world: Any = None) -> int:
    """Run one command and return its exit code. A user's mistake is a message, never a traceback."""
    if args is None:  # a process of our own
        gc.set_threshold(OBJECTS_BEFORE_COLLECTION)
        atexit.register(gc.freeze)  # nor is it looked through once more at the end
    try:
        given = list(sys.argv[1:] if args is None else args)
        with cli.make_context("accord", given, obj=world) as context:
            ended = cli.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as mistake:
        _tell(mistake)
        return EXIT_WRONG
    except (click.Abort, KeyboardInterrupt):
        say("stopped", err=True)
        return EXIT_INTERRUPTED
    except AccordError as error:
        say(str(error), err=True)
        return error.exit_code
    except BrokenPipeError:
        return _reader_gone()
    return ended if isinstance(ended, int) else EXIT_FINE


def _tell(mistake: click.ClickException) -> None:
    words = io.StringIO()
    mistake.show(file=words)
    say(words.getvalue(), err=True, nl=False)


def _reader_gone() -> int:
    """Whoever read our output (`| head`) has seen enough: end quietly, also at the last flush."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_FINE
