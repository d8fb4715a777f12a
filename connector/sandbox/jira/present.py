"""What answers show of the site's objects: in the caller's time zone, as the API version spells it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connector.sandbox.jira import adf, dates, values
from connector.sandbox.jira.accounts import Person
from connector.sandbox.jira.issue import Attached, Comment, History, Issue, Link
from connector.sandbox.jira.setup import CATEGORIES, SCHEMAS, Field, IssueType, LinkType, Project, Status
from connector.sandbox.jira.sla import show

if TYPE_CHECKING:
    from connector.sandbox.jira.site import Site

EXPANDABLE = "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations"
EMBEDDED_CHANGELOG = 40  # histories within an answer of bulkfetch or a search


class Presenter:
    """Renders for one caller. `root` is the site's address as the caller reached it, `version` 2 or 3."""

    def __init__(self, site: Site, person: Person | None, root: str, version: str) -> None:
        self._site, self._person = site, person
        self.root, self._version = root, version
        self.api = f"{root}/rest/api/{version}"
        self._kinds: dict[str, Callable[[Field, Any], Any]] = {
            "status": lambda _, value: self.status(site.setup.statuses[value]),
            "priority": lambda _, value: self.priority(value),
            "resolution": lambda _, value: self.resolution(value),
            "issuetype": lambda _, value: self.issue_type(site.setup.types[value]),
            "project": lambda _, value: self.project(site.setup.projects[value]),
            "user": lambda _, value: self.user(value),
            "users": lambda _, value: [self.user(one) for one in value],
            "group": lambda _, value: self.group(value),
            "groups": lambda _, value: [self.group(one) for one in value],
            "option": self._option,
            "options": lambda one, value: [self._option(one, part) for part in value],
            "datetime": lambda _, value: self.moment(value),
            "rich": lambda _, value: self.rich(value),
            "organizations": lambda _, value: [self.organization(one) for one in value],
            "feedback": lambda _, value: {"rating": value},
        }

    @property
    def zone(self) -> ZoneInfo:
        return self._person.zone if self._person else self._site.zone

    def moment(self, at: int) -> str:
        return dates.jira(at, self.zone)

    def rich(self, value: adf.Text) -> Any:
        return adf.as_document(value) if self._version == "3" else adf.as_text(value)

    # -- people

    def user(self, account: str) -> dict[str, Any]:
        """A user within another object. Cloud knows account ids, Data Center user names."""
        person = self._site.accounts.people.get(account)
        if person is None:
            return {"self": f"{self.api}/user?accountId={account}", "accountId": account, "active": False,
                    "displayName": "Former user", "accountType": "atlassian"}  # fmt: skip
        shown: dict[str, Any]
        if self._site.quirks.cloud:
            shown = {"self": f"{self.api}/user?accountId={account}", "accountId": account}
        else:
            shown = {"self": f"{self.api}/user?username={person.name}", "name": person.name}
            shown["key"] = f"JIRAUSER{10_000 + list(self._site.accounts.people).index(account)}"
        shown |= {
            "emailAddress": person.email,
            "avatarUrls": self._avatars("user"),
            "displayName": person.display,
            "active": person.active,
            "timeZone": str(person.zone),
        }
        return shown | ({"accountType": person.kind} if self._site.quirks.cloud else {})

    def group(self, name: str) -> dict[str, Any]:
        shown = {"name": name, "self": f"{self.api}/group?groupname={name}".replace(" ", "%20")}
        return shown | ({"groupId": self._site.accounts.group(name)} if self._site.quirks.cloud else {})

    def organization(self, number: int) -> dict[str, Any]:
        one = self._site.organizations[number]
        links = {"self": f"{self.root}/rest/servicedeskapi/organization/{number}"}
        return {"id": str(number), "name": one.name, "_links": links}

    def _avatars(self, kind: str) -> dict[str, str]:
        sizes = ("48x48", "24x24", "16x16", "32x32")
        return {size: f"{self.root}/secure/{kind}avatar?size={size[:2]}" for size in sizes}

    # -- the site's set-up

    def status(self, one: Status) -> dict[str, Any]:
        number, name, colour = CATEGORIES[one.category]
        return {
            "self": f"{self.api}/status/{one.id}",
            "description": "",
            "iconUrl": f"{self.root}/images/icons/status.png",
            "name": one.name,
            "id": one.id,
            "statusCategory": {
                "self": f"{self.api}/statuscategory/{number}",
                "id": number,
                "key": one.category,
                "colorName": colour,
                "name": name,
            },
        }

    def priority(self, key: str) -> dict[str, Any]:
        name = self._site.setup.priorities[key]
        icon = f"{self.root}/images/icons/priorities/{name.lower()}.svg"
        return {"self": f"{self.api}/priority/{key}", "iconUrl": icon, "name": name, "id": key}

    def resolution(self, key: str) -> dict[str, Any]:
        name = self._site.setup.resolutions[key]
        return {"self": f"{self.api}/resolution/{key}", "id": key, "description": "", "name": name}

    def issue_type(self, one: IssueType) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "self": f"{self.api}/issuetype/{one.id}",
            "id": one.id,
            "description": one.description,
            "iconUrl": f"{self.root}/images/icons/issuetype.png",
            "name": one.name,
            "subtask": False,
            "avatarId": 10_300,
        }
        return shown | ({"hierarchyLevel": 0} if self._site.quirks.cloud else {})

    def project(self, one: Project) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "self": f"{self.api}/project/{one.id}",
            "id": one.id,
            "key": one.key,
            "name": one.name,
            "projectTypeKey": one.kind,
            "avatarUrls": self._avatars("project"),
        }
        return shown | ({"simplified": False} if self._site.quirks.cloud else {})

    def link_type(self, one: LinkType) -> dict[str, Any]:
        link = f"{self.api}/issueLinkType/{one.id}"
        return {"id": one.id, "name": one.name, "inward": one.inward, "outward": one.outward, "self": link}

    def field(self, one: Field) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": one.id,
            "name": one.name,
            "custom": bool(one.custom),
            "orderable": one.settable,
            "navigable": one.navigable,
            "searchable": True,
            "clauseNames": list(one.clause_names()),
        }
        if self._site.quirks.cloud:
            shown["key"] = one.id
        if one.kind != "key":
            shown["schema"] = self.schema(one)
        return shown

    def schema(self, one: Field) -> dict[str, Any]:
        kind, items = SCHEMAS[one.kind]
        shown: dict[str, Any] = {"type": kind} | ({"items": items} if items else {})
        if one.custom:
            return shown | {"custom": one.custom, "customId": one.number}
        return shown | {"system": one.id}

    # -- an issue

    def issue(self, issue: Issue, fields: Iterable[Field], expand: Sequence[str] = ()) -> dict[str, Any]:
        """An issue with some of its fields; an expansion that nobody knows is left out, as the site does."""
        chosen = list(fields)
        shown = self.named(issue) | {"expand": EXPANDABLE}
        shown["fields"] = {one.id: self.value(issue, one) for one in chosen if one.kind != "key"}
        if "names" in expand:
            shown["names"] = self.names(chosen)
        if "schema" in expand:
            shown["schema"] = self.schemas(chosen)
        if "changelog" in expand:
            shown["changelog"] = self.newest_changes(issue)
        if "renderedFields" in expand:
            rich = {one.id: issue.fields.get(one.id) for one in chosen if one.kind == "rich"}
            shown["renderedFields"] = {
                name: f"<p>{adf.as_text(held)}</p>" for name, held in rich.items() if held
            }
        return shown

    @staticmethod
    def names(fields: Iterable[Field]) -> dict[str, str]:
        return {one.id: one.name for one in fields}

    def schemas(self, fields: Iterable[Field]) -> dict[str, Any]:
        return {one.id: self.schema(one) for one in fields if one.kind != "key"}

    def named(self, issue: Issue) -> dict[str, Any]:
        return {"id": str(issue.id), "key": issue.key, "self": f"{self.api}/issue/{issue.id}"}

    def properties(self, issue: Issue, keys: Iterable[str]) -> dict[str, Any]:
        wanted = list(keys)
        chosen = issue.properties if "*all" in wanted else [key for key in wanted if key in issue.properties]
        return {key: json.loads(issue.properties[key]) for key in chosen}

    def value(self, issue: Issue, one: Field) -> Any:
        """A field's value; nothing is null, and lists are empty."""
        match one.id:
            case "created":
                return self.moment(issue.created)
            case "updated":
                return self.moment(issue.updated)
            case "statusCategory":
                return self.status(self._site.setup.statuses[issue.fields["status"]])["statusCategory"]
            case "comment":
                return self.comments(issue)
            case "issuelinks":
                return [self.link(link) for link in issue.links]
            case "attachment":
                return [self.file(one) for one in issue.files]
        if one.kind == "sla":
            return self.service_level(issue, one)
        held = issue.fields.get(one.id)
        if held is None:
            return [] if one.id in {"labels", "components"} else None
        if one.kind == "requesttype":
            return self.request_type(issue, held)
        render = self._kinds.get(one.kind)
        return render(one, held) if render else held

    def _option(self, one: Field, key: str) -> dict[str, Any]:
        return {
            "self": f"{self.api}/customFieldOption/{key}",
            "value": values.name_of(self._site, one, key),
            "id": key,
        }

    def service_level(self, issue: Issue, one: Field) -> dict[str, Any] | None:
        now = self._site.now()
        level = self._site.levels.level(issue, one.id, now)
        metric = next((m for m in self._site.levels.of(issue) if m.field_id == one.id), None)
        if level is None or metric is None:
            return None
        link = f"{self.root}/rest/servicedeskapi/request/{issue.id}/sla/{metric.id}"
        cloud = self._site.quirks.cloud
        return show.shown(level, metric.id, one.name, link, self.zone, now, cloud=cloud)

    def request_type(self, issue: Issue, key: str) -> dict[str, Any]:
        desk = f"{self.root}/rest/servicedeskapi"
        status = self._site.setup.statuses[issue.fields["status"]]
        changed = issue.fields.get("statuscategorychangedate", issue.created)
        return {
            "_links": {"self": f"{desk}/request/{issue.id}", "web": f"{self.root}/browse/{issue.key}"},
            "requestType": {"id": key, "name": self._site.setup.request_types[key]["name"],
                            "_links": {"self": f"{desk}/requesttype/{key}"}},
            "currentStatus": {
                "status": status.name,
                "statusCategory": status.category.upper(),
                "statusDate": {"iso8601": dates.without_milliseconds(changed, self.zone),
                               "jira": self.moment(changed), "epochMillis": changed},
            },
        }  # fmt: skip

    def link(self, link: Link) -> dict[str, Any]:
        other = self._site.issues.get(link.other)
        kind = self._site.setup.link_types[link.type]
        shown = {"id": str(link.id), "self": f"{self.api}/issueLink/{link.id}", "type": self.link_type(kind)}
        end = self.linked(other) if other else {"id": str(link.other)}
        return {**shown, "outwardIssue" if link.outward else "inwardIssue": end}

    def linked(self, issue: Issue) -> dict[str, Any]:
        names = ("summary", "status", "priority", "issuetype")
        fields = {name: self.value(issue, self._site.setup.fields[name]) for name in names}
        return self.named(issue) | {"fields": fields}

    def file(self, one: Attached) -> dict[str, Any]:
        return {
            "self": f"{self.api}/attachment/{one.id}",
            "id": str(one.id),
            "filename": one.name,
            "author": self.user(one.author),
            "created": self.moment(one.at),
            "size": len(one.content),
            "mimeType": one.type,
            "content": f"{self.api}/attachment/content/{one.id}",
        }

    # -- comments and changes

    def comment(self, issue: Issue, one: Comment) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "self": f"{self.api}/issue/{issue.id}/comment/{one.id}",
            "id": str(one.id),
            "author": self.user(one.author),
            "body": self.rich(one.body),
            "updateAuthor": self.user(one.editor or one.author),
            "created": self.moment(one.created),
            "updated": self.moment(one.updated),
            "jsdPublic": one.public,
        }
        return shown | ({"visibility": one.visibility} if one.visibility else {})

    def comments(self, issue: Issue) -> dict[str, Any]:
        """The comments as a field of the issue, internal ones for agents only: the newest hundred at most."""
        agent = self._person is not None and self._person.agent
        whole = [one for one in issue.comments if one.public or agent]
        seen = whole[-100:]
        link = f"{self.api}/issue/{issue.id}/comment"
        shown = [self.comment(issue, one) for one in seen]
        return {
            "comments": shown,
            "self": link,
            "maxResults": len(seen),
            "total": len(whole),
            "startAt": 0,
        }

    def newest_changes(self, issue: Issue) -> dict[str, Any]:
        """The changelog as an expansion: newest first. Cloud embeds so many; Data Center all."""
        most = EMBEDDED_CHANGELOG if self._site.quirks.cloud else len(issue.histories)
        newest = issue.histories[::-1][:most]
        return {
            "startAt": 0,
            "maxResults": len(newest),
            "total": len(issue.histories),
            "histories": [self.history(one) for one in newest],
        }

    def history(self, one: History) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": str(one.id)}
        share = self._site.quirks.anonymous_history_share
        if not share or self._site.world.chance.of("anonymous", one.id) >= share:
            shown["author"] = self.user(one.author)
        shown["created"] = self.moment(one.at)
        shown["items"] = [self._item(item.field, item.before, item.after) for item in one.items]
        return shown

    def _item(self, field_id: str, before: Any, after: Any) -> dict[str, Any]:
        one = self._site.setup.fields.get(field_id) or Field(field_id, field_id, "line", "gone")
        name = "Link" if field_id == "issuelinks" else one.name if one.custom else field_id
        shown: dict[str, Any] = {"field": name, "fieldtype": "custom" if one.custom else "jira"}
        if self._site.quirks.history_field_ids and field_id != "issuelinks":
            shown["fieldId"] = field_id
        (old, old_text), (new, new_text) = (values.told(self._site, one, held) for held in (before, after))
        return shown | {"from": old, "fromString": old_text, "to": new, "toString": new_text}
