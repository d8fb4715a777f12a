"""`/oauth_token.do`: access tokens by password, refresh token or client credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from connector.sandbox.wire import Request, Response

if TYPE_CHECKING:
    from connector.sandbox.servicenow.instance import Instance


def handle(instance: Instance, request: Request) -> Response:
    """Answer a token request. The platform has one error for nearly everything that can be wrong."""
    if request.method != "POST":
        return Response.json(405, {"error_description": "method not allowed", "error": "invalid_request"})
    if "x-www-form-urlencoded" not in request.header("content-type"):
        return _denied("an unspecified error")
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    accounts = instance.accounts
    if accounts.clients.get(form.get("client_id", "")) != form.get("client_secret"):
        return _denied()
    match form.get("grant_type"):
        case "password" if accounts.knows(form.get("username", ""), form.get("password", "")):
            return _granted(instance, form["username"], "")
        case "refresh_token":
            refresh = form.get("refresh_token", "")
            user = accounts.by_refresh(refresh)
            if user:
                following = accounts.rotated(refresh) if instance.quirks.refresh_rotates else refresh
                return _granted(instance, user, following)
        case "client_credentials" if instance.quirks.client_credentials:
            return _granted(instance, accounts.client_user, None)
    return _denied()


def _granted(instance: Instance, user: str, refresh: str | None) -> Response:
    text, token = instance.accounts.token_for(user, refresh)
    left = (token.expires - instance.now()) // 1000 - 1
    answer = {"access_token": text}
    if token.refresh:
        answer["refresh_token"] = token.refresh
    return Response.json(
        200, {**answer, "scope": "useraccount", "token_type": "Bearer", "expires_in": max(0, left)}
    )


def _denied(description: str = "access_denied") -> Response:
    return Response.json(401, {"error_description": description, "error": "server_error"})
