"""The only door to time, chance, the network, threads, the environment and the machine.

Everything else takes a `World` as an argument, so that a test can play a year, a crash at any step or a storm
of faults in one process. A linter bans the other doors (see `pyproject.toml`).
"""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.model.instant import Instant

if TYPE_CHECKING:  # loaded where they are used: what asks no network starts sooner without them
    import smtplib

    import requests
    from requests.adapters import BaseAdapter


def _http_adapter(connections: int) -> BaseAdapter:
    """The real network; retries belong to the governor, so urllib3 makes none of its own."""
    from requests.adapters import HTTPAdapter

    return HTTPAdapter(pool_connections=4, pool_maxsize=connections, pool_block=True, max_retries=0)


def _mail_server(host: str, port: int, tls: bool) -> smtplib.SMTP:
    """A connection to a mail server, encrypted from the first byte where *tls* says so."""
    import smtplib
    import ssl

    if tls:
        return smtplib.SMTP_SSL(host, port, timeout=20, context=ssl.create_default_context())
    return smtplib.SMTP(host, port, timeout=20)


def _process_is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@dataclass(frozen=True)
class World:
    """What comes in from outside. The defaults are the real thing; tests and rehearsals give others."""

    now: Callable[[], Instant] = lambda: time.time_ns() // 1_000_000
    monotonic: Callable[[], float] = time.monotonic  # seconds; never goes backwards
    sleep: Callable[[float], None] = time.sleep
    event: Callable[[], threading.Event] = threading.Event  # what one waits for until something happens
    random: random.Random = field(default_factory=random.SystemRandom)
    adapter: Callable[[int], BaseAdapter] = _http_adapter  # connections → transport
    mail: Callable[[str, int, bool], smtplib.SMTP] = _mail_server  # host, port, TLS at once → connected
    executor: Callable[[int], Executor] = lambda workers: ThreadPoolExecutor(workers)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    process_is_alive: Callable[[int], bool] = _process_is_alive

    def session(self, *, connections: int = 1) -> requests.Session:
        """A new session without proxies or credentials taken from the surroundings (`trust_env` is off)."""
        from requests import Session

        session = Session()
        session.trust_env = False
        adapter = self.adapter(connections)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session
