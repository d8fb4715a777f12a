"""The stories tell what happened; the log of their processes stays out of the report."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from tests.sim.__main__ import be_quiet


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """No log."""
    be_quiet()
    yield
    structlog.reset_defaults()
