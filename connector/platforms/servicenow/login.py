"""How a request proves who we are: basic, or a bearer token that is fetched and renewed.

Which settings there may be is checked by the configuration; secrets are read here and never shown.
"""

from __future__ import annotations

from collections.abc import Callable

import requests
from requests.auth import HTTPBasicAuth
from requests.sessions import Session

from connector.config import SourceConfig
from connector.platforms.oauth import Login, OAuth
from connector.world import World


class Basic(Login):
    """A user and a password."""

    def __init__(self, user: str, password: str) -> None:
        self.user = user
        self._inner = HTTPBasicAuth(user.encode(), password.encode())

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        signed: requests.PreparedRequest = self._inner(request)
        return signed


class Granted(OAuth):
    """A token from `/oauth_token.do`, for any of the grants."""

    mend = (
        "check client_id, client_secret and grant under `auth`, and the instance's OAuth entry; a refresh"
        " token that was used elsewhere may be dead: configure a new one"
    )

    def __init__(self, source: SourceConfig, world: World, bare: Callable[[], Session]) -> None:
        super().__init__(source, world, bare)
        self._url = f"{source.url}/oauth_token.do"
        self._form = _form(source, world)
        self.user = source.auth.reveal("user", world)

    def ask(self, session: Session, refresh_token: str | None) -> requests.Response:
        """The instance's answer."""
        refresh = {"refresh_token": refresh_token} if refresh_token else {}
        return session.post(self._url, data={**self._form, **refresh})


def _form(source: SourceConfig, world: World) -> dict[str, str]:
    grant = source.auth.reveal("grant", world) or "password"
    wanted = ("user", "password") if grant == "password" else ()
    form = {"grant_type": grant}
    for key in ("client_id", "client_secret", *wanted):
        form["username" if key == "user" else key] = source.auth.reveal(key, world) or ""
    return form


def login_for(source: SourceConfig, world: World, bare: Callable[[], Session]) -> Login:
    """The login that the configuration of *source* asks for."""
    if source.auth.type == "oauth":
        return Granted(source, world, bare)
    return Basic(source.auth.reveal("user", world) or "", source.auth.reveal("password", world) or "")
