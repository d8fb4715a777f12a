"""A ServiceNow instance as an integration meets it."""

from connector.sandbox.servicenow.platform import ServiceNow
from connector.sandbox.servicenow.quirks import Quirks

__all__ = ["Quirks", "ServiceNow"]
