"""How a request proves who we are: basic, or a bearer token that is fetched and renewed.

Which settings there may be is checked by the configuration; secrets are read here and never shown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import requests
from requests.auth import AuthBase, HTTPBasicAuth
from requests.sessions import Session

from connector.config import SourceConfig
from connector.errors import NotAllowed, NotReachable, remember_secret
from connector.platforms.governor import Because, Passing
from connector.world import World

_EARLY_S = 30.0  # a token is renewed this long before it ends


class Login(AuthBase):
    """Puts the proof on each request. `renewed` says whether a refused request may be sent once more."""

    user: str | None = None

    def renewed(self, refused: requests.PreparedRequest) -> bool:  # noqa: ARG002
        """Whether there is a new proof since *refused* was sent."""
        return False


class Basic(Login):
    """A user and a password."""

    def __init__(self, user: str, password: str) -> None:
        self.user = user
        self._inner = HTTPBasicAuth(user.encode(), password.encode())

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        signed: requests.PreparedRequest = self._inner(request)
        return signed


class OAuth(Login):
    """A token from `/oauth_token.do`, for any of the grants; shared by all threads.

    *bare* makes a session without a login. A refused grant is not tried again.
    """

    def __init__(self, source: SourceConfig, world: World, bare: Callable[[], Session]) -> None:
        self._url = f"{source.url}/oauth_token.do"
        self._world = world
        self._bare = bare
        self._lock = threading.Lock()
        self._token: str | None = None
        self._ends = 0.0
        self._form = _form(source, world)
        self.user = source.auth.reveal("user", world)

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
        response = self._bare().post(self._url, data=self._form)
        if response.status_code == 429 or response.status_code >= 500:
            raise Passing(Because.FAILED, f"the token was not given ({response.status_code})")
        answer = _json(response)
        if response.status_code != 200 or "access_token" not in answer:
            words = answer.get("error_description") or answer.get("error") or response.status_code
            raise NotAllowed(
                f"the login was refused: {words}",
                hint="check client_id, client_secret and grant under `auth`, and the instance's OAuth entry",
            )
        self._token = str(answer["access_token"])
        remember_secret(self._token)
        self._ends = self._world.monotonic() + max(1.0, float(answer.get("expires_in") or 60) - _EARLY_S)
        if answer.get("refresh_token") and self._form["grant_type"] == "refresh_token":
            self._form["refresh_token"] = str(answer["refresh_token"])


def _form(source: SourceConfig, world: World) -> dict[str, str]:
    grant = source.auth.reveal("grant", world) or "password"
    names = {"user": "username", "password": "password", "refresh_token": "refresh_token"}
    wanted = {"password": ("user", "password"), "refresh_token": ("refresh_token",)}.get(grant, ())
    form = {"grant_type": grant}
    for key in ("client_id", "client_secret", *wanted):
        form[names.get(key, key)] = source.auth.reveal(key, world) or ""
    return form


def _json(response: requests.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except requests.JSONDecodeError:
        raise NotReachable("the token's answer is no JSON", hint="check the source's `url`") from None
    return answer if isinstance(answer, dict) else {}


def login_for(source: SourceConfig, world: World, bare: Callable[[], Session]) -> Login:
    """The login that the configuration of *source* asks for."""
    if source.auth.type == "oauth":
        return OAuth(source, world, bare)
    return Basic(source.auth.reveal("user", world) or "", source.auth.reveal("password", world) or "")
