"""The log: one line a batch or a run, never one a ticket; for people or as JSON; without secrets.

On a terminal what merely goes on (level info) is shown in one line that is written over: the progress.

Every line carries the run and the source it belongs to (see `about`). What is logged, and in which words,
is the business of the stages: past tense, dotted by stage (`pull.page_fetched`), values as keys.
"""

from __future__ import annotations

import logging
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from connector.errors import plain, scrub
from connector.model.instant import Instant, format_instant

# Until a command configures the log, and where the code is used without one, only warnings are told.
structlog.configure(
    wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    logger_factory=structlog.PrintLoggerFactory(sys.stderr),
)

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(form: str, level: str, stream: TextIO, now: Callable[[], Instant]) -> None:
    """Write the log to *stream*: *form* is `console` or `json`, *now* gives each line its time."""
    shows_progress = form == "console" and stream.isatty()
    factory = _Terminal(stream) if shows_progress else _Lines(stream)
    structlog.configure(
        processors=[
            _once(form),
            _passing(level, shown=shows_progress),
            merge_contextvars,
            structlog.processors.add_log_level,
            _stamp(now),
            structlog.processors.format_exc_info,
            _without_secrets,
            _renderer(form, colours=stream.isatty()),
            _scrubbed,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=factory,
        cache_logger_on_first_use=False,
    )


def end_progress() -> None:
    """Clear the line that shows progress, before anything else is printed."""
    factory = structlog.get_config()["logger_factory"]
    if isinstance(factory, _Terminal):
        factory.clear()


class _Lines:
    """Makes itself the logger: a line an event. Nobody reading them any more is no reason to stop a run."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __call__(self, *_: object) -> _Lines:
        return self

    def info(self, line: str) -> None:
        with suppress(BrokenPipeError):
            self.stream.write(line + "\n")
            self.stream.flush()

    debug = warning = error = critical = exception = info


class _Terminal:
    """Makes itself the logger: info is written over, everything else stays."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __call__(self, *_: object) -> _Terminal:
        return self

    def clear(self) -> None:
        self.stream.write("\r\x1b[2K")
        self.stream.flush()

    def info(self, line: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        self.clear()
        plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
        what_goes_on = re.sub(r"^\S+ \[info +\] ", "", plain)
        self.stream.write(re.sub(r" {2,}", "  ", what_goes_on)[:width])
        self.stream.flush()

    def error(self, line: str) -> None:
        self.clear()
        self.stream.write(line + "\n")
        self.stream.flush()

    debug = warning = critical = exception = error


def get_logger() -> FilteringBoundLogger:
    """The logger of every module; cheap, and configured when the run begins."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


@contextmanager
def about(**facts: str) -> Iterator[None]:
    """Put *facts* (`run=…`, `source=…`) on every line written inside, in this thread."""
    with bound_contextvars(**facts):
        yield


def _stamp(now: Callable[[], Instant]) -> Processor:
    def stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["timestamp"] = format_instant(now())
        return event

    return stamp


def _once(form: str) -> Processor:
    """Leaves out of a log for people what the summary of the command will tell them (`summarised=True`)."""

    def once(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if event.pop("summarised", False) and form == "console":
            raise structlog.DropEvent
        return event

    return once


def _passing(level: str, *, shown: bool) -> Processor:
    """Keeps what merely passes by (`passing=True`) to the line of progress on a terminal, and to logs of
    level `debug`."""

    def passing(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if event.pop("passing", False) and not shown and level != "debug":
            raise structlog.DropEvent
        return event

    return passing


def _renderer(form: str, *, colours: bool) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    return structlog.dev.ConsoleRenderer(colors=colours, sort_keys=False)


def _without_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Values are scrubbed before they are rendered, since escaping could hide a secret from the search after
    it, and steer no terminal: what the renderer adds (colours) does."""
    return {key: _clean(value) for key, value in event.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return plain(scrub(value))
    if isinstance(value, dict):
        return {_clean(key): _clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(inner) for inner in value]
    return value if value is None or isinstance(value, int | float) else plain(scrub(str(value)))


def _scrubbed(_logger: WrappedLogger, _method: str, line: Any) -> Any:
    """The rendered line once more, for what values only say when they are printed."""
    return scrub(line) if isinstance(line, str) else line
