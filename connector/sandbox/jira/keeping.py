"""The site as JSON, for keeping it in a file: issue by issue, and everything else about it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.jira.accounts import Person
from connector.sandbox.jira.issue import Attached, Comment, History, Issue, Item, Link, RemoteLink
from connector.sandbox.jira.setup import Field, IssueType, LinkType, Project
from connector.sandbox.jira.site import Mail, Organization, Site


def packed(issue: Issue) -> dict[str, Any]:
    """An issue with all that hangs on it."""
    held = {name: getattr(issue, name) for name in ("id", "key", "project", "created", "updated", "fields")}
    held["properties"] = issue.properties
    held["histories"] = [
        [one.id, one.at, one.author, [[item.field, item.before, item.after] for item in one.items]]
        for one in issue.histories
    ]
    held["comments"] = [asdict(one) for one in issue.comments]
    held["links"] = [[one.id, one.type, one.other, one.outward] for one in issue.links]
    held["remote"] = [[one.id, one.global_id, dict(one.content)] for one in issue.remote]
    held["files"] = [{**asdict(one), "content": b64encode(one.content).decode()} for one in issue.files]
    return held


def unpacked(held: dict[str, Any]) -> Issue:
    """The issue that was packed."""
    issue = Issue(*(held[name] for name in ("id", "key", "project", "created", "updated", "fields")))
    issue.properties = held["properties"]
    issue.histories = [
        History(number, at, author, tuple(Item(*item) for item in items))
        for number, at, author, items in held["histories"]
    ]
    issue.comments = [Comment(**one) for one in held["comments"]]
    issue.links = [Link(*one) for one in held["links"]]
    issue.remote = [RemoteLink(*one) for one in held["remote"]]
    issue.files = [Attached(**{**one, "content": b64decode(one["content"])}) for one in held["files"]]
    return issue


def put_back(site: Site, held: dict[str, Any]) -> None:
    """Put a packed issue on a site, visible at once."""
    issue = unpacked(held)
    site.issues[issue.id] = issue
    site.by_key[issue.key] = issue.id
    site.index.made(issue)


def state(site: Site) -> dict[str, Any]:
    """Everything but issues and people."""
    setup = site.setup
    return {
        "counters": site.counters,
        "hidden": sorted(site.hidden),
        "mails": [asdict(mail) for mail in site.mails],
        "tokens": site.accounts.state(),
        "fields": [asdict(one) for one in setup.fields],
        "priorities": setup.priorities,
        "types": [asdict(one) for one in setup.types.values()],
        "link_types": [asdict(one) for one in setup.link_types.values()],
        "projects": [
            {**asdict(one), "off_screen": sorted(one.off_screen)} for one in setup.projects.values()
        ],
        "properties": {number: one.properties for number, one in site.organizations.items()},
    }


def restore(site: Site, held: dict[str, Any]) -> None:
    """Bring back what `state` told; organisations must be there already."""
    setup = site.setup
    site.counters = dict(held["counters"])
    site.hidden = set(held["hidden"])
    site.mails = [Mail(**{**one, "to": tuple(one["to"])}) for one in held["mails"]]
    site.accounts.restore(held["tokens"])
    for one in list(setup.fields):
        setup.fields.remove(one.id)
    for told in held["fields"]:
        setup.fields.add(Field(**{**told, "clauses": tuple(told["clauses"])}))
    setup.types = {t["id"]: IssueType(**{**t, "workflow": tuple(t["workflow"])}) for t in held["types"]}
    setup.priorities = dict(held["priorities"])
    setup.link_types = {one["id"]: LinkType(**one) for one in held["link_types"]}
    setup.projects = {
        one["key"]: Project(**{**one, "off_screen": set(one["off_screen"])}) for one in held["projects"]
    }
    for number, properties in held["properties"].items():
        site.organizations[int(number)].properties = properties


def people(site: Site) -> dict[str, Any]:
    """People, groups and the members of organisations: many, and seldom others."""
    return {
        "people": [_told(one) for one in site.accounts.people.values()],
        "groups": list(site.accounts.groups),
        "organizations": [[one.id, one.name, sorted(one.members)] for one in site.organizations.values()],
    }


def size_of_people(site: Site) -> tuple[int, int, int]:
    """What changes whenever `people` does."""
    members = sum(len(one.members) for one in site.organizations.values())
    return len(site.accounts.people), len(site.accounts.groups) + len(site.organizations), members


def _told(person: Person) -> dict[str, Any]:
    projects = None if person.projects is None else sorted(person.projects)
    names = {"name": person.name, "display": person.display, "kind": person.kind, "zone": str(person.zone)}
    return {**names, "groups": sorted(person.groups), "active": person.active, "projects": projects}


def restore_people(site: Site, held: dict[str, Any]) -> None:
    for name in held["groups"]:
        site.accounts.group(name)
    for told in held["people"]:
        person = site.accounts.add(told["name"], told["display"], kind=told["kind"])
        person.zone, person.groups = ZoneInfo(told["zone"]), set(told["groups"])
        person.active = told["active"]
        person.projects = None if told["projects"] is None else frozenset(told["projects"])
    site.organizations = {
        number: Organization(number, name, set(members)) for number, name, members in held["organizations"]
    }
