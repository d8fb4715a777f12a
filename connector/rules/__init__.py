"""From rule files to a rulebook: read, check, resolve, hash. No records, no platform, no store.

The rule files themselves are data and lie in `rules/` at the top level.
"""

from connector.rules.effective import effective
from connector.rules.loader import load_rulebook

__all__ = ["effective", "load_rulebook"]
