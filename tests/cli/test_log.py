"""The log: who it belongs to, no secrets, and one line of progress on a terminal."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from connector.errors import remember_secret
from connector.log import about, configure, end_progress, get_logger


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The log is configured for the whole process: leave it as it was."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def now() -> int:
    return 1_790_000_000_000


def test_every_line_names_its_run_and_source_and_its_time() -> None:
    stream = io.StringIO()
    configure("json", "info", stream, now)
    with about(run="7", source="acme"):
        get_logger().info("pull.page_kept", read=1000)
    line = json.loads(stream.getvalue())
    assert (line["run"], line["source"], line["event"], line["read"]) == ("7", "acme", "pull.page_kept", 1000)
    assert line["timestamp"] == "2026-09-21T14:13:20Z"


def test_what_is_below_the_level_is_not_written() -> None:
    stream = io.StringIO()
    configure("console", "warning", stream, now)
    get_logger().info("pull.page_kept")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_secret_is_scrubbed_wherever_it_stands(form: str) -> None:
    secret = 'quo"ted-secret-of-the-log-test'
    remember_secret(secret)
    stream = io.StringIO()
    configure(form, "info", stream, now)
    get_logger().info(f"said {secret}", plain=secret, inner={"deep": [secret]}, error=ValueError(secret))
    assert "ted-secret" not in stream.getvalue()


@pytest.mark.parametrize("form", ["console", "json"])
def test_what_a_platform_says_does_not_steer_the_terminal(form: str) -> None:
    stream = io.StringIO()
    configure(form, "info", stream, now)
    hostile = "\x1b]0;owned\x07 \x9b31m \u202edeneb\r"
    get_logger().info("run.source_failed", why=hostile, inner={"deep": [hostile]}, error=ValueError(hostile))
    assert not set(stream.getvalue()) & set("\x1b\x07\x9b\u202e\r")


def test_what_merely_passes_by_is_for_terminals_and_debugging() -> None:
    streams = {"plain": io.StringIO(), "terminal": Terminal(), "debug": io.StringIO()}
    for name, stream in streams.items():
        configure("console", "debug" if name == "debug" else "info", stream, now)
        get_logger().info("deliver.round_done", delivered=50, passing=True)
    told = {name: "delivered=50" in stream.getvalue() for name, stream in streams.items()}
    assert told == {"plain": False, "terminal": True, "debug": True}
    assert "passing" not in "".join(stream.getvalue() for stream in streams.values())


def test_on_a_terminal_progress_is_one_line_that_is_written_over() -> None:
    stream = Terminal()
    configure("console", "info", stream, now)
    for read in (1000, 2000):
        get_logger().info("pull.page_kept", read=read)
    assert "\n" not in stream.getvalue()
    assert stream.getvalue().split("\x1b[2K")[-1].split() == ["pull.page_kept", "read=2000"]
    end_progress()
    assert stream.getvalue().endswith("\r\x1b[2K")


def test_on_a_terminal_warnings_stay() -> None:
    stream = Terminal()
    configure("console", "info", stream, now)
    get_logger().info("pull.page_kept")
    get_logger().warning("pull.names_not_readable")
    assert stream.getvalue().endswith("\n")
    assert "names_not_readable" in stream.getvalue().split("\x1b[2K")[-1]


def test_without_a_terminal_lines_are_plain() -> None:
    stream = io.StringIO()
    configure("console", "info", stream, now)
    get_logger().info("pull.page_kept", read=1)
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


class Gone(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError


def test_a_log_that_nobody_reads_any_more_stops_nothing() -> None:
    configure("console", "info", Gone(), now)
    get_logger().info("pull.page_kept")
    get_logger().error("run.source_failed")


def test_what_a_summary_tells_is_not_told_twice_to_people() -> None:
    """A machine that reads the log has no summary."""
    people, machine = io.StringIO(), io.StringIO()
    configure("console", "info", people, now)
    get_logger().error("run.source_failed", why="no right", summarised=True)
    get_logger().error("run.source_failed", why="in a service", summarised=False)
    assert "no right" not in people.getvalue()
    assert "in a service" in people.getvalue()
    configure("json", "info", machine, now)
    get_logger().error("run.source_failed", why="no right", summarised=True)
    line = json.loads(machine.getvalue())
    assert (line["why"], "summarised" in line) == ("no right", False)
