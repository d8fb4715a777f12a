"""Everything known between two runs. One schema for SQLite and PostgreSQL, one file a table.

Functions of the table files take the open transaction (`Store.begin`) first; nothing here knows a platform,
a rule or what an effect means.
"""

from connector.store.opening import Store, Transaction, open_store

__all__ = ["Store", "Transaction", "open_store"]
