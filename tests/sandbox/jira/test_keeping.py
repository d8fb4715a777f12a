"""A site kept in a file is the same site again."""

from __future__ import annotations

from pathlib import Path

from connector.sandbox import Sandbox
from tests.sandbox.jira.conftest import START, Login, adf


def test_everything_is_there_again(tmp_path: Path, login: Login) -> None:
    file = tmp_path / "sandbox.db"
    first = Sandbox(now=START, file=file)
    client = login(first)
    one, other, gone = client.create(), client.create(labels=["a"]), client.create()
    client.post(f"issue/{one}/comment", {"body": adf("note"), "properties": [{"key": "k", "value": 1}]})
    client.put(f"issue/{one}", {"fields": {"priority": {"id": "1"}}})
    client.put(f"issue/{one}/properties/accord.sla", {"cycles": [1, None]})
    client.post(
        "issueLink", {"type": {"name": "Blocks"}, "inwardIssue": {"key": one}, "outwardIssue": {"key": other}}
    )
    client.post(f"issue/{one}/remotelink", {"globalId": "g", "object": {"url": "https://x", "title": "x"}})
    form = {"file": ("a.bin", b"\x00\xff", "application/x-proof")}
    client.send("POST", f"issue/{one}/attachments", files=form, headers={"X-Atlassian-Token": "no-check"})
    field = client.post(
        "field", {"name": "Due", "type": "com.atlassian.jira.plugin.system.customfieldtypes:float"}
    )
    client.post(f"screens/addToDefault/{field.json()['id']}")
    client.delete(f"issue/{gone}")
    # Not closed: a process that is killed has no chance to.
    second = Sandbox(now=START, file=file)
    assert second.jira.dump() == first.jira.dump()
    again = login(second)
    assert (
        again.get(f"issue/{one}", expand="changelog").json()
        == client.get(f"issue/{one}", expand="changelog").json()
    )
    assert again.create("x", **{field.json()["id"]: 2.5}) == "DESK-4"
    assert again.keys("priority = Highest") == [one]
