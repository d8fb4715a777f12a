"""The ways in which one instance differs from another, each a switch.

Faults come and go (`connector.sandbox.faults`); a quirk is how this instance always behaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(slots=True)
class Quirks:
    """What may be switched; the defaults are a well-kept recent instance.

    Fields:
        unknown_query_field: what a query on a field that does not exist (or may not be read) does.
        denied_audit: what a user without `audit_viewer` gets from the audit tables.
        dictionary_readable: whether users without admin rights may read `sys_dictionary` and `sys_db_object`.
        stable_order: rows without ORDERBY always come in the order they were made.
        hidden_share: table to the share of its rows that no one but an admin may see.
        unreadable_fields: table to the fields that no one but an admin may see.
        denied_tables: tables that answer 403 to everyone but an admin.
        negative_prev_link: the Link header has `prev` with a negative offset on the first page.
        total_count: answers carry X-Total-Count.
        audit_seconds_later: audit rows are dated that many seconds after the update they belong to.
        audit_delay_ms: audit rows show that long after the update.
        requests_per_hour: limit per user (0: none), counted with `limiter_lag_s` delay.
        token_life_s: how long an access token lives.
        client_credentials: whether that grant is enabled.
        refresh_rotates: a refresh token serves once, and another comes back with its access token.
    """

    unknown_query_field: Literal["ignore", "none", "403"] = "ignore"
    denied_audit: Literal["empty", "403"] = "empty"
    dictionary_readable: bool = True
    stable_order: bool = False
    hidden_share: Mapping[str, float] = field(default_factory=dict)
    unreadable_fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    denied_tables: frozenset[str] = frozenset()
    negative_prev_link: bool = False
    total_count: bool = True
    audit_seconds_later: int = 0
    audit_delay_ms: int = 0
    requests_per_hour: int = 0
    limiter_lag_s: int = 30
    token_life_s: int = 1800
    client_credentials: bool = True
    refresh_rotates: bool = False
