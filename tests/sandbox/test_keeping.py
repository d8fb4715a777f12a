"""A sandbox kept in a file goes on where it stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from connector.sandbox import Sandbox
from connector.sandbox.log import On
from connector.sandbox.world import instant
from tests.sandbox.conftest import START


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sandbox.db"


def call(sandbox: Sandbox, method: str, path: str, **body: object) -> requests.Response:
    with requests.Session() as session:
        session.auth = ("accord", "accord")
        session.mount("http://", sandbox.transport())
        return session.request(method, f"http://x/api/now/{path}", json=body or None)


def test_everything_is_there_again(file: Path) -> None:
    first = Sandbox(now=START, file=file)
    call(first, "POST", "table/sys_db_object", name="u_own", label="Own")
    call(first, "POST", "table/sys_dictionary", name="u_own", element="u_key", unique="true", max_length="8")
    call(first, "POST", "table/u_own", u_key="k")
    incident = call(first, "POST", "table/incident", short_description="Mail").json()["result"]["sys_id"]
    call(first, "PATCH", f"table/incident/{incident}", state="2", work_notes="on it")
    gone = call(first, "POST", "table/u_own", u_key="gone").json()["result"]["sys_id"]
    call(first, "DELETE", f"table/u_own/{gone}")
    path = f"attachment/file?table_name=incident&table_sys_id={incident}&file_name=a"
    call(first, "POST", path, some="json")
    # Not closed: a process that is killed has no chance to.
    second = Sandbox(now=START, file=file)
    assert second.servicenow.dump() == first.servicenow.dump()
    assert second.servicenow.instance.attachments == first.servicenow.instance.attachments
    assert call(second, "POST", "table/u_own", u_key="k").status_code == 403
    assert call(second, "POST", "table/incident", urgency="1").json()["result"]["number"] == "INC0010002"


@pytest.mark.parametrize("platform", ["servicenow", "jira", "both"])
def test_the_log_goes_on_where_it_was(file: Path, platform: On) -> None:
    first = Sandbox(now=0, file=file)
    first.load_log(until=instant("2016-03-10T00:00:00Z"), platform=platform)
    first.advance(instant("2016-04-10T00:00:00Z"))
    second = Sandbox(now=0, file=file)
    assert second.world.now() == instant("2016-04-10T00:00:00Z")
    assert second.servicenow.dump() == first.servicenow.dump()
    assert second.jira.dump() == first.jira.dump()
    for sandbox in (first, second):
        sandbox.advance(instant("2016-07-01T00:00:00Z"))
    assert second.servicenow.dump() == first.servicenow.dump()
    assert second.jira.dump() == first.jira.dump()
    first.close()


def test_a_file_of_another_seed_is_refused(file: Path) -> None:
    Sandbox(now=START, seed=1, file=file).close()
    with pytest.raises(ValueError, match="made with seed 1"):
        Sandbox(now=START, seed=2, file=file)
