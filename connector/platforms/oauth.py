"""Proofs that are given out and end: access tokens, renewed in time, by refresh tokens that may rotate.

A refresh token may serve once: the one that comes back with it is kept in a file beside the store, for its
owner only. How a platform is asked for a token is its adapter's.
"""

from __future__ import annotations

import json
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import requests
from requests.auth import AuthBase
from requests.sessions import Session

from connector.config import SourceConfig
from connector.errors import AccordError, NotAllowed, remember_secret
from connector.platforms.governor import Because, Passing, because_of, retry_after
from connector.world import World

_EARLY_S = 30.0  # a token is renewed this long before it ends


class Login(AuthBase):
    """Puts the proof on each request. `renewed` says whether a refused request may be sent once more."""

    user: str | None = None

    def renewed(self, refused: requests.PreparedRequest) -> bool:  # noqa: ARG002
        """Whether there is a new proof since *refused* was sent."""
        return False


class Kept:
    """The latest refresh token of a source, in a file that only its owner may read.

    A token that is newly configured is worth more than one kept of an older configuration.
    """

    def __init__(self, folder: Path | None, source: str, configured: str) -> None:
        self._path = folder / f"{source}.refresh_token" if folder is not None else None
        self._configured = sha256(configured.encode()).hexdigest()
        self._latest = configured

    def latest(self) -> str:
        """The token to use now; another process may have rotated it meanwhile."""
        kept = self._read()
        if kept.get("configured") == self._configured and kept.get("token"):
            self._latest = str(kept["token"])
            remember_secret(self._latest)
        return self._latest

    def keep(self, token: str) -> None:
        """Remember *token*: written whole beside the old one, then put in its place."""
        if token == self._latest:
            return
        self._latest = token
        remember_secret(token)
        if self._path is None:
            return
        text = json.dumps({"configured": self._configured, "token": token})
        fresh = self._path.with_suffix(".new")
        try:
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError as error:
            raise AccordError(
                f"the refresh token cannot be kept in {self._path}: {error.strerror}",
                hint="make the folder of the store writable, or the next run cannot log in",
            ) from None

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8")) if self._path else {}
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


class OAuth(Login, ABC):
    """An access token, shared by all threads. *bare* makes a session without a login; *mend* is told where
    the grant is refused, which is not tried again."""

    mend: str

    def __init__(self, source: SourceConfig, world: World, bare: Callable[[], Session]) -> None:
        self._world = world
        self._bare = bare
        self._lock = threading.Lock()
        self._token: str | None = None
        self._ends = 0.0
        self._kept: Kept | None = None
        if configured := source.auth.reveal("refresh_token", world):
            self._kept = Kept(source.keep, source.name, configured)

    @abstractmethod
    def ask(self, session: Session, refresh_token: str | None) -> requests.Response:
        """The platform's answer to a request for a token."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._current()}"
        return request

    def renewed(self, refused: requests.PreparedRequest) -> bool:
        """Whether the token that *refused* carried could be replaced by another."""
        carried = str(refused.headers.get("Authorization", "")).removeprefix("Bearer ")
        with self._lock:
            if self._token == carried:
                self._token = None
        return self._current() != carried

    def _current(self) -> str:
        with self._lock:
            if self._token is None or self._world.monotonic() >= self._ends:
                self._fetch()
            assert self._token is not None
            return self._token

    def _fetch(self) -> None:
        used = self._kept.latest() if self._kept else None
        response = self._asked(used)
        if response.status_code in (400, 401, 403) and self._kept and self._kept.latest() != used:
            response = self._asked(self._kept.latest())  # another process was quicker
        answer = self._told(response)
        if response.status_code != 200 or "access_token" not in answer:
            words = answer.get("error_description") or answer.get("error") or response.status_code
            raise NotAllowed(f"the login was refused: {words}", hint=self.mend)
        if self._kept and answer.get("refresh_token"):
            self._kept.keep(str(answer["refresh_token"]))
        self._token = str(answer["access_token"])
        remember_secret(self._token)
        self._ends = self._world.monotonic() + max(1.0, float(answer.get("expires_in") or 60) - _EARLY_S)

    def _asked(self, refresh_token: str | None) -> requests.Response:
        """The answer to one request for a token. Passing where none came: what the token was wanted for has
        not been sent."""
        try:
            return self.ask(self._bare(), refresh_token)
        except requests.RequestException as error:
            _, words = because_of(error)
            raise Passing(Because.NOT_CONNECTED, f"no token was given: {words}") from error

    def _told(self, response: requests.Response) -> dict[str, Any]:
        """What an answer says; Passing where it may be another one later."""
        status = response.status_code
        if status == 429 or status >= 500:
            because = Because.THROTTLED if status == 429 else Because.NOT_CONNECTED
            wait_s = retry_after(response.headers, self._world.now())
            raise Passing(because, f"no token was given ({status})", wait_s)
        try:
            answer = response.json()
        except requests.JSONDecodeError:
            if status == 200:
                raise Passing(Because.NOT_CONNECTED, "no token was given: the answer is no JSON") from None
            answer = None
        return answer if isinstance(answer, dict) else {}
