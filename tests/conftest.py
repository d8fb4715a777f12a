"""What holds for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def log_of_its_own() -> Iterator[None]:
    """A command writes its log to the standard error of its test, which is gone after it."""
    yield
    structlog.reset_defaults()
