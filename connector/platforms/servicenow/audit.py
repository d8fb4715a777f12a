"""Whether the audit can be read. Without history figures would be wrong in silence: nothing may be judged.

An instance refuses a user without rights with a 403, or shows an empty table as if nothing had ever changed.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.errors import AccordError, NotAllowed, NotReachable
from connector.mappings.catalogue import RecordMapping
from connector.platforms.servicenow.client import Client
from connector.platforms.servicenow.pages import glance

MEND = (
    "give Accord's user the role audit_viewer, or write `history: {from: timestamps, dates: …}` "
    "in the mapping for a coarser history"
)


def is_open(client: Client) -> None:
    """NotAllowed where the audit is refused, or its rows are counted but not shown."""
    try:
        answer = glance(client, "sys_audit", f"documentkey={'0' * 32}^ORDERBYsys_created_on", ["sys_id"])
        if not answer.result and answer.total:
            raise NotAllowed("its rows are hidden")
    except NotReachable:
        raise
    except AccordError as error:
        raise NotAllowed(
            f"{client.source.name}: the history (sys_audit) cannot be read: {error.problem.what}", hint=MEND
        ) from None


def shows(client: Client, mapping: RecordMapping) -> bool | None:
    """Whether the audit shows anything of records of *mapping* that have changed; None where none has."""
    changed = f"sys_mod_count>2^ORDERBYDESC{mapping.updated}"
    rows = glance(client, mapping.table, changed, [mapping.id], limit=20).result
    if not rows:
        return None
    ids = ",".join(str(row[mapping.id]) for row in rows)
    return bool(glance(client, "sys_audit", f"documentkeyIN{ids}", ["sys_id"]).result)


def must_show(client: Client, mappings: Sequence[RecordMapping]) -> None:
    """NotAllowed where records have changed and the audit shows nothing of any of them.

    One table that is not audited is no reason to stop (`check` tells it); an audit that shows nothing at all
    is what a user without the right to it sees.
    """
    is_open(client)
    told = [shows(client, mapping) for mapping in mappings]
    if False in told and True not in told:
        tables = ", ".join(mapping.table for mapping in mappings)
        raise NotAllowed(
            f"{client.source.name}: the history (sys_audit) is empty for this user, though records of "
            f"{tables} have changed",
            hint=MEND,
        )
