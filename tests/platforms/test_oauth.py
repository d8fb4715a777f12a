"""OAuth on ServiceNow: its three grants, tokens that end, and refresh tokens that serve once."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
import requests

from connector.config import AuthConfig
from connector.errors import AccordError, NotAllowed
from connector.platforms.port import Guard, Outcome, Request
from tests.platforms.site import NOW, Quirks, Site, new_site

OAUTH = {"client_id": "accord-client", "client_secret": "accord-secret"}
PERSON = {"user": "accord", "password": "accord"}


@pytest.fixture
def site() -> Site:
    return new_site(Quirks(refresh_rotates=True))


def refresh_token(site: Site) -> str:
    """One that an administrator got once, by the password grant."""
    session = requests.Session()
    session.mount("https://", site.sandbox.transport())
    form = {**OAUTH, "grant_type": "password", "username": "accord", "password": "accord"}
    answer = session.post("https://acme.service-now.com/oauth_token.do", data=form)
    return str(answer.json()["refresh_token"])


@pytest.mark.parametrize("grant", ["client_credentials", "password", "refresh_token"])
def test_every_grant_logs_in_and_renews_its_token(site: Site, grant: str, tmp_path: Path) -> None:
    more = {"password": PERSON, "refresh_token": {"refresh_token": refresh_token(site)}}.get(grant, {})
    adapter = site.adapter(auth=AuthConfig("oauth", {**OAUTH, "grant": grant, **more}), keep=tmp_path)
    adapter.prepare(["incident"])
    site.sandbox.servicenow.expire_tokens()
    assert list(adapter.sweep("incident", None, NOW))
    assert adapter.own_name() == "accord"


def test_a_refresh_token_that_rotated_serves_the_next_run(site: Site, tmp_path: Path) -> None:
    configured = {**OAUTH, "grant": "refresh_token", "refresh_token": refresh_token(site)}
    for _ in range(3):
        site.adapter(auth=AuthConfig("oauth", configured), keep=tmp_path).prepare(["incident"])
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = json.loads(file.read_text())["token"]
    assert kept != configured["refresh_token"]
    assert str(AccordError(f"it is {kept}")) == "it is ***"


def test_a_refresh_token_that_was_used_elsewhere_is_refused(site: Site, tmp_path: Path) -> None:
    configured = {**OAUTH, "grant": "refresh_token", "refresh_token": refresh_token(site)}
    site.adapter(auth=AuthConfig("oauth", configured), keep=tmp_path).prepare(["incident"])
    for file in tmp_path.iterdir():
        file.unlink()
    with pytest.raises(NotAllowed, match="login was refused"):
        site.adapter(auth=AuthConfig("oauth", configured), keep=tmp_path).prepare(["incident"])


def test_an_oauth_client_that_is_refused_is_asked_once(site: Site) -> None:
    settings = {**OAUTH, "client_secret": "wrong-word", "grant": "client_credentials"}
    adapter = site.adapter(auth=AuthConfig("oauth", settings))
    for _ in range(2):
        with pytest.raises(NotAllowed, match="login was refused"):
            adapter.prepare(["incident"])
    assert site.sandbox.requests.total() == 1


@pytest.mark.parametrize("fault", ["500", "429", "timeout", "cut", "html_200"])
def test_a_write_for_which_no_token_was_given_has_not_been_sent(site: Site, fault: str) -> None:
    settings = {**OAUTH, "grant": "client_credentials"}
    adapter = site.adapter(auth=AuthConfig("oauth", settings))
    site.put("incident", number="INC1", sys_id="a" * 32)
    site.sandbox.faults.always("POST */oauth_token.do", fault)
    path = f"/api/now/table/incident/{'a' * 32}"
    request = Request(("key",), Guard.ONCE, "PATCH", path, {"work_notes": "hello"}, "INC1")
    (answer,) = adapter.send([request])
    assert answer.outcome is Outcome.AGAIN
