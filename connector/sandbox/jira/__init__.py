"""A Jira site with a service desk project, as its REST APIs show it (Cloud, or Data Center by quirk)."""

from connector.sandbox.jira.platform import Jira
from connector.sandbox.jira.quirks import JiraQuirks

__all__ = ["Jira", "JiraQuirks"]
