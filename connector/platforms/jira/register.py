"""Registers: issues that `accord setup` makes, on which everything hangs that belongs to no ticket; one for
each agreement, and one for what belongs to none.

Reports and reviews are linked to theirs, so that they can be looked up without asking a lagging index.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from connector.errors import AccordError
from connector.platforms.jira.client import Client
from connector.platforms.jira.jql import both, is_in
from connector.platforms.jira.richtext import lines_of, written
from connector.platforms.jira.search import Search

LABEL = "accord-register"
_OF = LABEL + "-of-"
_PROPERTY = "accord.register"
_TITLE = "Accord: register of service level records"
_TEXT = "Reports, reviews and other records that belong to no single ticket are linked here. Leave it open."
_MOST = 100


@dataclass(slots=True)
class Registers:
    """The registers of each project, found once: by agreement, `""` for what belongs to none."""

    client: Client
    search: Search
    found: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, project: str, agreement: str = "") -> str:
        """The id of the agreement's register, else of the project's. AccordError where setup made neither."""
        id_ = self.find(project, agreement) or self.find(project)
        if id_ is None:
            what = f"the project {project} has no register issue for records without a ticket"
            raise AccordError(what, hint="`accord setup --apply` makes it")
        return id_

    def find(self, project: str, agreement: str = "") -> str | None:
        """The id of just that register, or None."""
        if project not in self.found:
            asked = both(is_in("project", [project]), is_in("labels", [LABEL])) + " ORDER BY created ASC"
            known: dict[str, str] = {}
            for issues in self.search.walk(asked, ["labels"], _MOST):
                for one in issues:
                    known.setdefault(_whose((one.get("fields") or {}).get("labels") or ()), str(one["id"]))
            self.found[project] = known
        return self.found[project].get(_word(agreement))

    def make(self, project: str, issue_type: str, agreement: str = "") -> None:
        """Make a register in *project*."""
        text = written(lines_of(_TEXT), as_document=self.client.is_cloud)
        fields = {
            "project": {"key": project},
            "issuetype": {"id": issue_type},
            "summary": f"{_TITLE}: {agreement}"[:255] if agreement else _TITLE,
            "description": text,
            "labels": [LABEL, _OF + _word(agreement)] if agreement else [LABEL],
        }
        body: Mapping[str, object] = {
            "fields": fields,
            "properties": [{"key": _PROPERTY, "value": {"of": agreement or None}}],
        }
        told = self.client.change("POST", f"{self.client.api}/issue", body, "making the register issue")
        self.found.setdefault(project, {})[_word(agreement)] = str(told["id"])


def _word(agreement: str) -> str:
    """A label is one word."""
    return "_".join(agreement.split())[: 255 - len(_OF)]


def _whose(labels: Iterable[str]) -> str:
    return next((label.removeprefix(_OF) for label in labels if label.startswith(_OF)), "")
