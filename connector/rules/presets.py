"""Ready-made targets (`is:`) and manners (`like:`), as the rule language itself would write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OPEN = {"state": {"not_in": ["resolved", "closed", "cancelled"]}}
_CANCELLED = {"state": "cancelled"}
_DONE = ["resolved", "closed"]
_PUBLIC_REPLY_BY_AGENT = {"public_reply": {"to": "agent"}}

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "response": {
        "start": _OPEN,
        "start_at": "opened",
        "stop": {"any": [{"state": ["in_progress", "on_hold", *_DONE]}, _PUBLIC_REPLY_BY_AGENT]},
        "cancel": _CANCELLED,
        "reopen": "ignore",
    },
    "resolution": {
        "start": _OPEN,
        "start_at": "opened",
        "stop": {"state": _DONE},
        "cancel": _CANCELLED,
        "reopen": "new_cycle",
    },
    "rhythm": {
        "start": _OPEN,
        "reset": _PUBLIC_REPLY_BY_AGENT,
        "count_resets": True,
        "stop": {"state": _DONE},
        "cancel": _CANCELLED,
    },
    "stint": {"cancel": _CANCELLED, "measure": "total"},
}

LIKE: Mapping[str, Mapping[str, Any]] = {
    "servicenow": {"at_limit": "missed", "start_must_hold": True, "retroactive": "every"},
    "jsm": {"at_limit": "met", "on_goal_change": "carry"},
}


def preset(name: str, groups: tuple[str, ...]) -> Mapping[str, Any]:
    """What the preset *name* gives; *groups* are those of a stint."""
    if name != "stint":
        return PRESETS[name]
    return {
        **PRESETS[name],
        "start": {"assignment_group": list(groups), **_OPEN},
        "stop": {"any": [{"assignment_group": {"not_in": list(groups)}}, {"state": _DONE}]},
    }
