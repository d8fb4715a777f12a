"""Logins: what proves who we are, what is kept of it, and what happens when it ends."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from connector.config import AuthConfig
from connector.errors import AccordError, NotAllowed
from connector.sandbox.jira.oauth import cloud_id
from tests.platforms.jira.site import JiraQuirks, Site, new_site, pat, swept, token


def gateway(site: Site) -> str:
    return f"https://api.atlassian.com/ex/jira/{cloud_id(site.jira.site)}"


def oauth(refresh: str = "accord-refresh") -> AuthConfig:
    client = {"client_id": "accord-client", "client_secret": "accord-secret"}
    return AuthConfig("oauth", {**client, "refresh_token": refresh})


def kept(folder: Path) -> str:
    found: str = json.loads((folder / "desk.refresh_token").read_text())["token"]
    return found


def test_an_api_token_logs_in(site: Site) -> None:
    assert site.adapter().facts.account.name == site.jira.person("accord").display


def test_a_personal_access_token_logs_in_on_data_center() -> None:
    site = new_site(JiraQuirks(deployment="datacenter"))
    assert site.adapter(auth=pat()).facts.account.id == site.jira.person("accord").name


def test_oauth_logs_in_through_the_gateway(site: Site, tmp_path: Path) -> None:
    site.jira.create("printer on fire")
    adapter = site.adapter(auth=oauth(), url=gateway(site), keep=tmp_path)
    assert len(swept(adapter)) == 1


def test_a_refresh_token_that_rotated_is_kept_for_its_owner_only(site: Site, tmp_path: Path) -> None:
    adapter = site.adapter(auth=oauth(), url=gateway(site), keep=tmp_path)
    adapter.now()
    file = tmp_path / "desk.refresh_token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert kept(tmp_path) != "accord-refresh"
    later = site.adapter(auth=oauth(), url=gateway(site), keep=tmp_path)  # the configured one is used up
    later.now()
    assert [path.name for path in tmp_path.iterdir()] == ["desk.refresh_token"]


def test_without_what_was_kept_a_used_token_is_refused_with_the_mend(site: Site, tmp_path: Path) -> None:
    site.adapter(auth=oauth(), url=gateway(site), keep=tmp_path).now()
    (tmp_path / "desk.refresh_token").unlink()
    with pytest.raises(NotAllowed, match="authorise the app anew"):
        site.adapter(auth=oauth(), url=gateway(site), keep=tmp_path).now()


def test_a_newly_configured_token_beats_one_that_was_kept(site: Site, tmp_path: Path) -> None:
    site.adapter(auth=oauth(), url=gateway(site), keep=tmp_path).now()
    fresh = kept(tmp_path)
    (tmp_path / "desk.refresh_token").write_text(json.dumps({"configured": "of another", "token": "dead"}))
    site.adapter(auth=oauth(fresh), url=gateway(site), keep=tmp_path).now()


def test_an_access_token_that_ended_is_renewed(site: Site, tmp_path: Path) -> None:
    site.jira.create("printer on fire")
    adapter = site.adapter(auth=oauth(), url=gateway(site), keep=tmp_path)
    assert len(swept(adapter)) == 1
    first = kept(tmp_path)
    site.jira.expire_tokens()
    assert len(swept(adapter)) == 1
    assert kept(tmp_path) != first


def test_oauth_on_the_sites_own_address_is_told_where_to_go(site: Site) -> None:
    with pytest.raises(AccordError, match=r"_edge/tenant_info"):
        site.adapter(auth=oauth())


@pytest.mark.parametrize(
    "auth", [token("expired"), AuthConfig("token", {"user": "accord@example.com", "token": "x"})]
)
def test_a_refused_login_is_told_and_not_tried_again(site: Site, auth: AuthConfig) -> None:
    adapter = site.adapter(auth=auth)
    for _ in range(3):
        with pytest.raises(NotAllowed, match="login was refused"):
            adapter.prepare(["incident"])
    assert site.sandbox.requests.total() == 1


def test_secrets_stand_in_no_message(site: Site, tmp_path: Path) -> None:
    adapter = site.adapter(auth=oauth(), url=gateway(site), keep=tmp_path)
    adapter.now()
    assert kept(tmp_path) not in repr(adapter.client.source)
    assert str(AccordError(f"it is {kept(tmp_path)}")) == "it is ***"
