"""Accord: service level management as code, on top of the service desk that is already there.

This package is the whole service, not just the platform client (that is `connector.platforms`). Data
flows one way: `pull` → `evaluate` → `decide` → `deliver`; `run.py` names the stages in order.
"""

__version__ = "0.1.0"
