"""The embedded sandbox: a service desk platform in this process, for demonstrations, rehearsals and tests.

It behaves as the platforms are documented and observed to behave. It imports nothing of the rest of
`connector`, so that a mistake in the adapters is not made here a second time.
"""

from connector.sandbox.faults import Faults
from connector.sandbox.jira import Jira, JiraQuirks
from connector.sandbox.run import run
from connector.sandbox.sandbox import Sandbox
from connector.sandbox.server import Server
from connector.sandbox.servicenow import Quirks, ServiceNow
from connector.sandbox.wire import Request, Response

__all__ = [
    "Faults",
    "Jira",
    "JiraQuirks",
    "Quirks",
    "Request",
    "Response",
    "Sandbox",
    "Server",
    "ServiceNow",
    "run",
]
