"""Runs the migrations on the connection that `opening.py` hands over; there is no other way to run them."""

from __future__ import annotations

from alembic import context

from connector.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
