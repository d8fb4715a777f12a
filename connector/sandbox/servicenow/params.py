"""The `sysparm_…` parameters of a request, read as leniently as the platform reads them.

An empty parameter is an absent one and booleans count in any case: clients send `sysparm_fields=` and
`False`.
"""

from __future__ import annotations

from connector.sandbox.servicenow.present import Shape

DEFAULT_LIMIT = 10000


class Params:
    """One request's parameters."""

    def __init__(self, given: dict[str, str]) -> None:
        self._given = {name: value for name, value in given.items() if value != ""}

    def text(self, name: str) -> str:
        return self._given.get(f"sysparm_{name}", "")

    def flag(self, name: str) -> bool:
        return self.text(name).lower() == "true"

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.text(name))
        except ValueError:
            return default

    @property
    def limit(self) -> int:
        limit = self.number("limit", DEFAULT_LIMIT)
        return limit if limit >= 0 else DEFAULT_LIMIT

    @property
    def offset(self) -> int:
        return max(0, self.number("offset", 0))

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.text("fields").split(",") if name.strip())

    @property
    def shape(self) -> Shape:
        display = self.text("display_value").lower()
        display = display if display in {"true", "all"} else "false"
        return Shape(self.fields, display, links=not self.flag("exclude_reference_link"))

    @property
    def plain(self) -> dict[str, str]:
        """Parameters that are field names: `?active=true&state=closed`."""
        return {name: value for name, value in self._given.items() if not name.startswith("sysparm_")}
