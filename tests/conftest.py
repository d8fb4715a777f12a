"""What holds for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from connector import errors


@pytest.fixture(autouse=True)
def log_of_its_own() -> Iterator[None]:
    """A command writes its log to the standard error of its test, which is gone after it."""
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def secrets_of_its_own() -> Iterator[None]:
    """A secret that one test uses is an ordinary word in the messages of the next."""
    known, shown = set(errors._SECRETS), set(errors._SHOWN_ANYWAY)
    yield
    errors._SECRETS.intersection_update(known)
    errors._SHOWN_ANYWAY.intersection_update(shown)
