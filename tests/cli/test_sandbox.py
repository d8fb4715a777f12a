"""`accord sandbox`: a platform on this machine, until Ctrl-C."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[2]


def test_the_sandbox_serves_until_it_is_interrupted() -> None:
    with sandbox() as (process, address):
        with urlopen(address + "/", timeout=30) as page:
            assert b"incident" in page.read()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0


def test_its_jira_may_be_data_center() -> None:
    with sandbox("--jira", "datacenter") as (_, address):
        asked = Request(address + "/rest/api/2/myself", headers={"Authorization": "Bearer accord-pat"})
        with urlopen(asked, timeout=30) as answer:
            assert b'"name": "accord"' in answer.read().replace(b'":"', b'": "')


@contextmanager
def sandbox(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`accord sandbox` as a process, and its address."""
    command = [sys.executable, "-u", "cli.py", "sandbox", "--port", "0", *options]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, preexec_fn=hears_ctrl_c
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert found is not None
            yield process, found[0]
        finally:
            process.kill()


def hears_ctrl_c() -> None:
    """As in a terminal, even where the tests themselves run in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
