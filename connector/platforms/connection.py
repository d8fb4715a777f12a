"""One platform under one login, shared by all threads of a run: its line, its pace, its own time.

What is asked for and what answers mean is the adapter's business.
"""

from __future__ import annotations

from collections.abc import Callable

import requests
from requests.sessions import Session

from connector.config import SourceConfig
from connector.errors import AccordError, NotAllowed
from connector.model.instant import Instant
from connector.platforms.governor import Governor, dated
from connector.platforms.oauth import Login
from connector.platforms.wire import Line
from connector.world import World


class Connection:
    """*refusal* tells what a refused login looks like: the error to raise, or None where it held."""

    def __init__(
        self,
        source: SourceConfig,
        world: World,
        login: Login,
        refusal: Callable[[requests.Response], NotAllowed | None],
    ) -> None:
        self._world = world
        self._login = login
        self._refusal = refusal
        self._line = Line(source, world, login)
        self.governor = Governor(
            source.name,
            world,
            per_second=source.limits.requests_per_second,
            concurrency=source.pull.workers,
        )
        self._clock: tuple[Instant, float] | None = None  # its last Date, and our monotonic then

    def now(self, ask: Callable[[], object]) -> Instant:
        """The platform's own time: its last Date header, moved on by what has passed since.

        Before the first answer *ask* asks for one. Any answer dates itself, a refusal too; but not one that
        refuses the login.
        """
        if self._time() is None:
            try:
                ask()
            except AccordError:
                if self._time() is None or self.governor.is_closed:
                    raise
        time = self._time()
        return self._world.now() if time is None else time  # some send no Date

    def _time(self) -> Instant | None:
        if self._clock is None:
            return None
        date, then = self._clock
        return date + int((self._world.monotonic() - then) * 1000)

    def answer(self, ask: Callable[[Session], requests.Response]) -> requests.Response:
        """One answer, its date noted; a refused login ends all asking unless there is a new token."""
        session = self._line.session()
        try:
            response = ask(session)
            if self._refusal(response) is not None and self._login.renewed(response.request):
                response = ask(session)
        except NotAllowed as refused:  # no token was given
            self.governor.refuse(refused)
            raise
        self._note_date(response)
        refused_now = self._refusal(response)
        if refused_now is not None:
            self.governor.refuse(refused_now)
            raise refused_now
        return response

    def begin_anew(self) -> None:
        """Leave this thread's session on the platform behind."""
        self._line.session().cookies.clear()

    def _note_date(self, response: requests.Response) -> None:
        date = dated(response.headers.get("Date", ""))
        if date is not None:
            self._clock = (date, self._world.monotonic())
