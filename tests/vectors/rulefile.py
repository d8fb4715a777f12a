"""Rule files written for a case, and read as any other."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connector.mappings.kinds import shipped_kinds
from connector.model.instant import parse_instant
from connector.model.kind import FieldType
from connector.rules.loader import load_rulebook
from connector.rules.rulebook import Rulebook

OWN_FIELDS = {"due_date": FieldType.DATETIME}  # of the cases, as a site's mapping would add them


def calendar_text(name: str, calendar: Mapping[str, Any]) -> str:
    """A case's calendar as a rule document. A holiday there removes the shift that starts on it."""
    week = calendar.get("week") or calendar.get("weekly") or {}
    special = calendar.get("special") or {}
    return yaml(
        calendar=name,
        timezone=calendar.get("tz") or calendar.get("timezone"),
        hours={day: [shift(*times) for times in shifts] for day, shifts in week.items()},
        holidays=calendar.get("holidays") or [],
        special={day: [shift(*times) for times in shifts] for day, shifts in special.items()},
        holiday_rules=calendar.get("holiday_rules", "shift"),
    )


def shift(begin: str, end: str) -> str:
    return f"{begin}-{end}"


def agreement_text(targets: Mapping[str, Any], **rest: Any) -> str:
    """An agreement over incidents, counting by the calendar `reference` unless told otherwise."""
    return yaml(
        agreement="reference",
        type="sla",
        **({"calendar": "reference", "applies_to": {"record": "incident"}, "targets": targets} | rest),
    )


def yaml(**document: Any) -> str:
    """One document; JSON is YAML, apart from dates, which are written bare."""
    lines = []
    for key, value in document.items():
        if key == "holidays":
            lines.append(f"holidays: [{', '.join(value)}]")
        elif key == "special":
            lines.append("special: {" + ", ".join(f"{d}: {json.dumps(s)}" for d, s in value.items()) + "}")
        else:
            lines.append(f"{key}: {json.dumps(value)}")
    return "\n".join(lines) + "\n"


def length(iso: str) -> str:
    """`PT8H` as a rule file has it."""
    return iso.removeprefix("PT").lower()


def rulebook(*documents: str) -> Rulebook:
    """The documents as the product reads them from a file; anything wrong with them is an error."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rules.yaml"
        path.write_text("---\n".join(documents), encoding="utf-8")
        present = parse_instant("2026-11-01T00:00:00Z")
        return load_rulebook([path], shipped_kinds(), at=present, extra_fields=OWN_FIELDS)
