"""`accord serve`: runs until it is told to stop. The loop is in `connector/serve.py`; signals are here."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from connector.cli.options import config_option, configured, pass_world
from connector.errors import EXIT_FINE, EXIT_INTERRUPTED
from connector.log import get_logger
from connector.serve import Service, listening, open_service
from connector.world import World

log = get_logger()
GRACE_S = 9.0  # then it ends in the middle of whatever it waits for; the next start goes on from there
SIGNALS = {signal.SIGTERM, signal.SIGINT}


@click.command("serve")
@config_option
@pass_world
def command(world: World, config_path: Path) -> int:
    """Run on schedule, when a line comes and when a webhook nudges, until SIGTERM or Ctrl-C.

    `schedule: {every: 5m}` says how often; it also wakes at the earliest line to come. Health and figures are
    at http://127.0.0.1:9464/healthz and /metrics (`metrics: {listen: …}`), signed nudges come in at
    `webhook: {listen: …}`. Configuration, mappings and rules are read again when a run starts; if anything in
    them is wrong, the ones before stay in force. Addresses and `log` are taken at the start only.

    It stops within 10 seconds, a second signal ends it at once; either way nothing is lost. Exit codes:
    0 stopped by SIGTERM; 130 by Ctrl-C; 2 wrong files, or an address that is taken.
    """
    configured(config_path, world)
    service = open_service(config_path, world)
    try:
        with heeding_signals(service) as heard, listening(service) as listeners:
            log.info("serve.ready", listening=", ".join(listeners))
            service.work()
            log.info("serve.stopped")
    finally:
        service.close()
    return EXIT_INTERRUPTED if signal.SIGINT in heard else EXIT_FINE


@contextmanager
def heeding_signals(service: Service) -> Iterator[set[int]]:
    """The first SIGTERM or SIGINT has the service end soon, the second (or its time being over) at once.

    A thread hears of them through a socket, whatever the main thread is at and whichever thread the kernel
    chose (https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd). The set tells which came.
    """
    heard: set[int] = set()
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)

    def listen() -> None:
        while numbers := ours.recv(16):
            for number in numbers:
                _heed(number, heard, service)

    before = {number: signal.signal(number, _leave_it_to_the_listener) for number in SIGNALS}
    signal.set_wakeup_fd(theirs.fileno())
    threading.Thread(target=listen, daemon=True).start()
    try:
        yield heard
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        theirs.close()


def _leave_it_to_the_listener(_number: int, _frame: FrameType | None) -> None:
    """Without a handler the default would end the process."""


def _heed(number: int, heard: set[int], service: Service) -> None:
    if number not in SIGNALS:
        return
    is_first = not heard
    heard.add(number)
    code = EXIT_INTERRUPTED if signal.SIGINT in heard else EXIT_FINE
    if not is_first:
        end_at_once(code)
    log.info("serve.stopping")
    timer = threading.Timer(GRACE_S, end_at_once, (code,))
    timer.daemon = True
    timer.start()
    service.end()


def end_at_once(code: int) -> None:
    """Leave without waiting for anything: whoever works on from here finds out what became of it."""
    log.warning("serve.ended_at_once")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
