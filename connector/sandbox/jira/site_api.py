"""What the site is and whom it has: server, the caller, people, groups, projects, statuses, priorities."""

from __future__ import annotations

from typing import Any

from connector.sandbox.jira import dates, errors
from connector.sandbox.jira.accounts import Person
from connector.sandbox.jira.call import Call, Route
from connector.sandbox.jira.issue_api import screen
from connector.sandbox.jira.setup import Project
from connector.sandbox.wire import Response

BUILT = 1_767_225_600_000


def server_info(call: Call) -> Response:
    site = call.site
    shown: dict[str, Any] = {"baseUrl": call.root}
    if site.quirks.cloud:
        shown |= {"displayUrl": call.root, "displayUrlServicedeskHelpCenter": call.root}
        shown |= {"version": "1001.0.0-SNAPSHOT", "versionNumbers": [1001, 0, 0], "deploymentType": "Cloud"}
    else:
        shown |= {"version": "10.3.4", "versionNumbers": [10, 3, 4], "deploymentType": "Server"}
    shown |= {
        "buildNumber": 100_290 if site.quirks.cloud else 10_030_004,
        "buildDate": dates.jira(BUILT, call.present.zone),
        "serverTime": dates.jira(site.now(), call.present.zone),
        "serverTimeZone": str(site.zone),
        "scmInfo": "0" * 40,
        "serverTitle": "Sandbox",
    }
    if site.quirks.cloud:
        shown["defaultLocale"] = {"locale": "en_US"}
    return Response.json(200, shown)


def myself(call: Call) -> Response:
    person = call.person
    shown = call.present.user(person.account_id) | {"locale": "en_US", "expand": "groups,applicationRoles"}
    groups = (
        [call.present.group(name) for name in sorted(person.groups)]
        if "groups" in call.many("expand")
        else []
    )
    shown["groups"] = {"size": len(person.groups), "items": groups}
    shown["applicationRoles"] = {"size": 1 + person.agent, "items": []}
    return Response.json(200, shown)


def user(call: Call) -> Response:
    accounts = call.site.accounts
    found = accounts.people.get(call.text("accountId")) or accounts.named(call.text("username"))
    if found is None or call.login.person is None:
        raise errors.refused(404, "Specified user does not exist or you do not have required permissions")
    return Response.json(200, call.present.user(found.account_id))


def users(call: Call) -> Response:
    """People by a part of their name or address."""
    wanted = (call.text("query") or call.text("username")).lower()
    start, size = call.number("startAt", 0), min(1000, call.number("maxResults", 50))
    people = call.site.accounts.people.values()
    found = [one for one in people if any(wanted in t.lower() for t in (one.display, one.email, one.name))]
    return Response.json(200, [call.present.user(one.account_id) for one in found[start : start + size]])


def members(call: Call) -> Response:
    name = call.text("groupname")
    if call.text("groupId"):
        groups = call.site.accounts.groups
        name = next((one for one, key in groups.items() if key == call.text("groupId")), "")
    if name not in call.site.accounts.groups:
        raise errors.refused(404, f"The group '{name}' does not exist.")
    found: list[Person] = call.site.accounts.members(name)
    return call.paged(found, lambda one: call.present.user(one.account_id), 50)


def groups(call: Call) -> Response:
    call.need_login()
    wanted = call.text("query").lower()
    names = sorted(name for name in call.site.accounts.groups if wanted in name.lower())
    shown = [{**call.present.group(name), "html": name, "labels": []} for name in names[:20]]
    header = f"Showing {len(shown)} of {len(names)} matching groups"
    return Response.json(200, {"header": header, "total": len(names), "groups": shown})


# -- projects


def _visible(call: Call) -> list[Project]:
    person = call.login.person
    return [one for one in call.site.setup.projects.values() if person and person.browses(one.key)]


def projects(call: Call) -> Response:
    found = sorted(_visible(call), key=lambda one: one.key)
    kinds, wanted = call.many("typeKey"), call.text("query").lower()
    found = [one for one in found if not kinds or one.kind in kinds]
    found = [one for one in found if wanted in one.key.lower() or wanted in one.name.lower()]
    return call.paged(found, call.present.project, 100)


def all_projects(call: Call) -> Response:
    """Data Center's list has no pages."""
    call.need_login()
    found = sorted(_visible(call), key=lambda one: one.key)
    return Response.json(200, [call.present.project(one) for one in found])


def _project(call: Call) -> Project:
    found = call.site.setup.project(call.args["project"])
    if found is None or found not in _visible(call):
        raise errors.refused(404, f"No project could be found with key '{call.args['project']}'.")
    return found


def project(call: Call) -> Response:
    one = _project(call)
    types = [call.present.issue_type(call.site.setup.types[kind]) for kind in one.types]
    return Response.json(
        200, call.present.project(one) | {"issueTypes": types, "components": [], "versions": []}
    )


def add_project(call: Call) -> Response:
    call.need_admin()
    given = call.record()
    key = str(given.get("key", ""))
    if key in call.site.setup.projects:
        raise errors.refused(400, errors={"projectKey": f"Project '{key}' uses this project key."})
    if not key.isalnum() or not key.isupper() or not given.get("name"):
        raise errors.refused(400, errors={"projectKey": "Project keys must start with an uppercase letter."})
    made = call.site.setup.add_project(key, given["name"], given.get("projectTypeKey", "service_desk"))
    return Response.json(
        201, {"self": f"{call.present.api}/project/{made.id}", "id": int(made.id), "key": key}
    )


def rename_project(call: Call) -> Response:
    call.need_admin()
    one = _project(call)
    one.name = call.record().get("name", one.name)
    return Response.json(200, call.present.project(one))


def delete_project(call: Call) -> Response:
    call.need_admin()
    one = _project(call)
    for issue in [issue for issue in call.site.issues.values() if issue.project == one.key]:
        call.site.delete(issue)
    del call.site.setup.projects[one.key]
    return Response(204)


# -- issue types, statuses, priorities


def issue_types(call: Call) -> Response:
    found = call.site.setup.types.values() if call.login.person else ()
    return Response.json(200, [call.present.issue_type(one) for one in found])


def add_issue_type(call: Call) -> Response:
    call.need_admin()
    given = call.strict({"name": str, "description": str, "hierarchyLevel": int, "type": str})
    if not given.get("name"):
        raise errors.refused(400, errors={"name": "You must specify a name."})
    if call.site.setup.type_named(given["name"]):
        raise errors.refused(409, errors={"name": "An issue type with this name already exists."})
    made = call.site.setup.add_type(given["name"], given.get("description", ""))
    return Response.json(201, call.present.issue_type(made))


def type_schemes(call: Call) -> Response:
    """Every project has a scheme of its own, with the project's id."""
    call.need_admin()
    wanted = call.many("projectId")
    found = [one for one in call.site.setup.projects.values() if not wanted or one.id in wanted]
    return call.paged(
        found,
        lambda one: {
            "issueTypeScheme": {"id": one.id, "name": f"{one.key} scheme"},
            "projectIds": [one.id],
        },
        50,
    )


def add_to_scheme(call: Call) -> Response:
    call.need_admin()
    scheme = call.site.setup.project(call.args["id"])
    ids = [str(one) for one in call.record().get("issueTypeIds") or ()]
    if scheme is None or any(one not in call.site.setup.types for one in ids):
        raise errors.refused(404, "The issue type scheme or issue type does not exist.")
    scheme.types += [one for one in ids if one not in scheme.types]
    return Response(204)


def statuses(call: Call) -> Response:
    found = call.site.setup.statuses.values() if call.login.person else ()
    return Response.json(200, [call.present.status(one) for one in found])


def project_statuses(call: Call) -> Response:
    setup, one = call.site.setup, _project(call)
    shown = []
    for kind in (setup.types[key] for key in one.types):
        found = [status for name in kind.workflow if (status := setup.status_named(name))]
        shown.append({**call.present.issue_type(kind), "statuses": [call.present.status(s) for s in found]})
    return Response.json(200, shown)


def priorities(call: Call) -> Response:
    return Response.json(200, [call.present.priority(key) for key in call.site.setup.priorities])


def add_priority(call: Call) -> Response:
    call.need_admin()
    given = call.record()
    if not given.get("name") or not given.get("statusColor"):
        raise errors.refused(400, errors={"name": "You must specify a name and a colour."})
    number = str(max(map(int, call.site.setup.priorities)) + 1)
    call.site.setup.priorities[number] = given["name"]
    return Response.json(201, {"id": number})


def resolutions(call: Call) -> Response:
    return Response.json(200, [call.present.resolution(key) for key in call.site.setup.resolutions])


def creatable_types(call: Call) -> Response:
    """Which issue types can be made in a project; in `issueTypes`, not in `values`."""
    one = _project(call)
    shown = [call.present.issue_type(call.site.setup.types[kind]) for kind in one.types]
    return Response.json(
        200, {"startAt": 0, "maxResults": 50, "total": len(shown), "issueTypes": shown, "isLast": True}
    )


def creatable_fields(call: Call) -> Response:
    """Which fields can be given to one; in `fields`, not in `values`."""
    one = _project(call)
    if call.args["id"] not in one.types:
        raise errors.refused(404, "Issue type does not exist.")
    shown = [{"fieldId": name, **told} for name, told in screen(call, one).items()]
    start, size = call.number("startAt", 0), min(200, call.number("maxResults", 50))
    page = {"startAt": start, "maxResults": size, "total": len(shown), "fields": shown[start : start + size]}
    return Response.json(200, page)


def permissions(call: Call) -> Response:
    """Whether the caller has the permissions asked about."""
    person = call.person
    wanted = call.many("permissions") or ["BROWSE_PROJECTS"]
    granted = {name: _has(person, name) for name in wanted}
    shown = {name: {"key": name, "name": name, "havePermission": held} for name, held in granted.items()}
    return Response.json(200, {"permissions": shown})


def _has(person: Person, name: str) -> bool:
    if name in {"ADMINISTER", "ADMINISTER_PROJECTS"}:
        return person.admin
    return person.agent or name in {"BROWSE_PROJECTS", "CREATE_ISSUES", "ADD_COMMENTS"}


ROUTES: list[Route] = [
    ("GET", "serverInfo", server_info),
    ("GET", "myself", myself),
    ("GET", "mypermissions", permissions),
    ("GET", "user", user),
    ("GET", "user/search", users),
    ("GET", "group/member", members),
    ("GET", "groups/picker", groups),
    ("GET", "project/{project}", project),
    ("POST", "project", add_project),
    ("PUT", "project/{project}", rename_project),
    ("DELETE", "project/{project}", delete_project),
    ("GET", "project/{project}/statuses", project_statuses),
    ("GET", "issuetype", issue_types),
    ("POST", "issuetype", add_issue_type),
    ("GET", "issuetypescheme/project", type_schemes),
    ("PUT", "issuetypescheme/{id}/issuetype", add_to_scheme),
    ("GET", "status", statuses),
    ("GET", "priority", priorities),
    ("POST", "priority", add_priority),
    ("GET", "resolution", resolutions),
    ("GET", "issue/createmeta/{project}/issuetypes", creatable_types),
    ("GET", "issue/createmeta/{project}/issuetypes/{id}", creatable_fields),
]
CLOUD: list[Route] = [("GET", "project/search", projects)]
DATA_CENTER: list[Route] = [("GET", "project", all_projects)]
