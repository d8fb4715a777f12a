"""The register: an issue that `accord setup` makes, on which everything hangs that belongs to no ticket.

Reports and reviews are linked to it, so that they can be looked up without asking a lagging index.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.errors import AccordError
from connector.platforms.jira.client import Client
from connector.platforms.jira.jql import both, is_in
from connector.platforms.jira.richtext import lines_of, written
from connector.platforms.jira.search import Search

LABEL = "accord-register"
_PROPERTY = "accord.register"
_TITLE = "Accord: register of service level records"
_TEXT = "Reports, reviews and other records that belong to no single ticket are linked here. Leave it open."


@dataclass(slots=True)
class Registers:
    """The register of each project, found once."""

    client: Client
    search: Search
    found: dict[str, str] = field(default_factory=dict)

    def of(self, project: str) -> str:
        """The register's id. AccordError where setup has not made it."""
        id_ = self.find(project)
        if id_ is None:
            what = f"the project {project} has no register issue for records without a ticket"
            raise AccordError(what, hint="`accord setup --apply` makes it")
        return id_

    def find(self, project: str) -> str | None:
        """The register's id, or None."""
        if project not in self.found:
            asked = both(is_in("project", [project]), is_in("labels", [LABEL])) + " ORDER BY created ASC"
            issues = self.search.page(asked, ["labels"], 1).issues
            if issues:
                self.found[project] = str(issues[0]["id"])
        return self.found.get(project)

    def make(self, project: str, issue_type: str) -> None:
        """Make the register of *project*."""
        text = written(lines_of(_TEXT), as_document=self.client.is_cloud)
        fields = {
            "project": {"key": project},
            "issuetype": {"id": issue_type},
            "summary": _TITLE,
            "description": text,
            "labels": [LABEL],
        }
        body: Mapping[str, object] = {
            "fields": fields,
            "properties": [{"key": _PROPERTY, "value": {"is": True}}],
        }
        told = self.client.change("POST", f"{self.client.api}/issue", body, "making the register issue")
        self.found[project] = str(told["id"])
