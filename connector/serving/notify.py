"""What systemd is told: that the service is up, alive, stopping, and what it is at (sd_notify(3)).

Without `NOTIFY_SOCKET` in the environment nothing is told. Whoever makes progress calls `beat`; systemd hears
of it at half its watchdog's time, so a service that hangs is silent and gets restarted.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from threading import Lock

from connector.log import get_logger
from connector.world import World

log = get_logger()


@dataclass(slots=True)
class Notify:
    """The way to systemd."""

    world: World
    _last: float | None = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def watchdog(self) -> float | None:
        """Seconds within which systemd wants to hear of us; None where it does not watch."""
        written = self.world.environ.get("WATCHDOG_USEC", "")
        watched = self.world.environ.get("WATCHDOG_PID", str(self.world.pid)) == str(self.world.pid)
        return int(written) / 1_000_000 if written.isdigit() and int(written) and watched else None

    def ready(self) -> None:
        """The service is up."""
        self._tell("READY=1")

    def status(self, words: str) -> None:
        """What it is at, one line."""
        self._tell(f"STATUS={words.splitlines()[0] if words else ''}")

    def stopping(self) -> None:
        """It was asked to stop."""
        self._tell("STOPPING=1")

    def beat(self) -> None:
        """Something went on."""
        if self.watchdog is None:
            return
        with self._lock:
            now = self.world.monotonic()
            if self._last is not None and now - self._last < self.watchdog / 4:
                return
            self._last = now
        self._tell("WATCHDOG=1")

    def _tell(self, words: str) -> None:
        address = self.world.environ.get("NOTIFY_SOCKET")
        if not address:
            return
        # A leading @ stands for the abstract namespace, which begins with a NUL byte.
        name = f"\0{address[1:]}" if address.startswith("@") else address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
                way.settimeout(1.0)
                way.sendto(words.encode(), name)
        except OSError as error:
            log.warning("serve.systemd_not_told", why=str(error))
