"""How a request proves who we are: an API token, a personal access token, or OAuth.

Which settings there may be is checked by the configuration; secrets are read here and never shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

import requests
from requests.auth import HTTPBasicAuth
from requests.sessions import Session

from connector.config import SourceConfig
from connector.configshape import is_loopback
from connector.errors import AccordError
from connector.platforms.oauth import Login, OAuth
from connector.platforms.wire import Line
from connector.world import World

GATEWAY = "api.atlassian.com"
_TOKENS = "https://auth.atlassian.com"


class Basic(Login):
    """A user's mail address and an API token."""

    def __init__(self, user: str, token: str) -> None:
        self._inner = HTTPBasicAuth(user.encode(), token.encode())

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        signed: requests.PreparedRequest = self._inner(request)
        return signed


class Bearer(Login):
    """A personal access token of Data Center."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class ThreeLegged(OAuth):
    """Atlassian's OAuth 2.0 (3LO): refresh tokens that serve once, asked for at *url*."""

    mend = (
        "check client_id and client_secret under `auth`; a refresh token serves once: if it was used"
        " elsewhere, authorise the app anew and configure the new one"
    )

    def __init__(self, source: SourceConfig, world: World, url: str, bare: Callable[[], Session]) -> None:
        super().__init__(source, world, bare)
        self._url = url
        self._client = {key: source.auth.reveal(key, world) or "" for key in ("client_id", "client_secret")}

    def ask(self, session: Session, refresh_token: str | None) -> requests.Response:
        """The answer of Atlassian's authorisation server."""
        form = {"grant_type": "refresh_token", **self._client, "refresh_token": refresh_token or ""}
        return session.post(self._url, json=form)


def login_for(source: SourceConfig, world: World) -> Login:
    """The login that the configuration of *source* asks for."""
    auth = source.auth
    if auth.type == "pat":
        return Bearer(auth.reveal("token", world) or "")
    if auth.type == "oauth":
        tokens = _token_origin(source)
        line = Line(replace(source, url=tokens), world, None)
        return ThreeLegged(source, world, f"{tokens}/oauth/token", line.session)
    return Basic(auth.reveal("user", world) or "", auth.reveal("token", world) or "")


def _token_origin(source: SourceConfig) -> str:
    """Where tokens are given. OAuth is spoken through the gateway only, or to a site on this machine."""
    parts = urlsplit(source.url)
    if is_loopback(parts.hostname or ""):
        return f"{parts.scheme}://{parts.netloc}"
    if parts.hostname == GATEWAY:
        return _TOKENS
    raise AccordError(
        f"{source.name}: OAuth does not work on {source.url}",
        hint=f"write `url: https://{GATEWAY}/ex/jira/CLOUD-ID`; the id stands at"
        f" {source.url}/_edge/tenant_info",
    )
