"""The platform's error answers, word for word where captures are known."""

from __future__ import annotations

from connector.sandbox.faults import Words
from connector.sandbox.wire import Response


class Refused(Exception):
    """A request is answered with an error envelope."""

    def __init__(self, status: int, message: str, detail: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.detail = status, message, detail
        self.headers: tuple[tuple[str, str], ...] = ()

    def response(self) -> Response:
        return Response.json(self.status, envelope(self.message, self.detail), *self.headers)


def envelope(message: str, detail: str | None) -> dict[str, object]:
    return {"error": {"message": message, "detail": detail}, "status": "failure"}


def not_authenticated() -> Refused:
    refused = Refused(401, "User Not Authenticated", "Required to provide Auth information")
    refused.headers = (("WWW-Authenticate", 'BASIC realm="Service-now"'),)
    return refused


def not_authorized() -> Refused:
    return Refused(403, "User Not Authorized", "Failed API level ACL Validation")


def no_record() -> Refused:
    detail = "Record doesn't exist or ACL restricts the record retrieval"
    return Refused(404, "No Record found", detail)


def invalid_table(name: str) -> Refused:
    return Refused(400, f"Invalid table {name}")


def no_resource() -> Refused:
    return Refused(400, "Requested URI does not represent any resource")


def wrong_method() -> Refused:
    return Refused(405, "Method not supported")


def bad_payload() -> Refused:
    return Refused(400, "Exception while reading request", "The payload is not valid JSON.")


def refused_by_acl(verb: str) -> Refused:
    return Refused(403, "Operation Failed", f"ACL Exception {verb} Failed due to security constraints")


def operation_failed(detail: str) -> Refused:
    return Refused(403, "Operation Failed", detail)


def unreadable_field() -> Refused:
    detail = "Field(s) present in the query do not have permission to be read"
    return Refused(403, "Insufficient rights to query records", detail)


def rate_limited(limit: int) -> Refused:
    detail = f"Rate limit of {limit} requests per hour for Table API exceeded"
    return Refused(429, "Rate limit exceeded", detail)


CANCELLED = "Transaction cancelled: maximum execution time exceeded"
WORDS = Words(
    cancelled=envelope(
        CANCELLED,
        f"{CANCELLED} Check logs for error trace or enable glide.rest.debug property to verify REST request"
        " processing",
    ),
    limited=envelope("Rate limit exceeded", "Rate limit of 100 requests per hour for Table API exceeded"),
    unauthenticated=not_authenticated().response(),
    asleep="<html><head><title>Instance Hibernating</title></head>"
    "<body>Your instance is hibernating.</body></html>",
)
