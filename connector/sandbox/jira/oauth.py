"""OAuth for apps: access tokens for refresh tokens, each of which is good for one use only.

On the real thing this is `auth.atlassian.com`; here it lies at the site's own address.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from connector.sandbox.jira.accounts import CLIENT_ID, CLIENT_SECRET
from connector.sandbox.wire import Request, Response

if TYPE_CHECKING:
    from connector.sandbox.jira.site import Site

SCOPE = (
    "read:jira-work write:jira-work read:servicedesk-request write:servicedesk-request"
    " manage:servicedesk-customer offline_access"
)


def cloud_id(site: Site) -> str:
    digits = site.world.chance.identifier("cloud id")
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def token(site: Site, request: Request) -> Response:
    """`grant_type=refresh_token`, as JSON or a form."""
    form = _form(request)
    if form.get("client_id") != CLIENT_ID or form.get("client_secret") != CLIENT_SECRET:
        return Response.json(401, {"error": "access_denied", "error_description": "Unauthorized"})
    if form.get("grant_type") != "refresh_token":
        return Response.json(
            403, {"error": "unsupported_grant_type", "error_description": "Unsupported grant type"}
        )
    granted = site.accounts.refresh(str(form.get("refresh_token")))
    if granted is None:
        description = "Unknown or invalid refresh token."
        return Response.json(403, {"error": "unauthorized_client", "error_description": description})
    access, following = granted
    return Response.json(
        200,
        {
            "access_token": access,
            "refresh_token": following,
            "expires_in": site.quirks.token_life_s,
            "scope": SCOPE,
            "token_type": "Bearer",
        },
    )


def _form(request: Request) -> dict[str, Any]:
    if "json" in request.header("content-type"):
        try:
            body = json.loads(request.body)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}
    return dict(parse_qsl(request.body.decode("utf-8", "replace")))


def resources(site: Site, request: Request) -> Response:
    """The sites an access token is good for."""
    login = site.accounts.login(request.header("authorization"), gateway=True)
    if login.person is None:
        return Response.json(401, {"code": 401, "message": "Unauthorized"})
    shown = {
        "id": cloud_id(site),
        "url": request.origin,
        "name": "sandbox",
        "scopes": SCOPE.split(),
        "avatarUrl": "",
    }
    return Response.json(200, [shown])


def tenant(site: Site, _: Request) -> Response:
    return Response.json(200, {"cloudId": cloud_id(site)})
