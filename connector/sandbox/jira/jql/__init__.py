"""JQL: reading it, and finding the issues it asks for."""

from connector.sandbox.jira.jql.parse import parse
from connector.sandbox.jira.jql.syntax import JqlError, Query

__all__ = ["JqlError", "Query", "parse"]
