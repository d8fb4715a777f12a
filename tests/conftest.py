"""What holds for every test; and how long properties are tried: not long, or an evening with
`HYPOTHESIS_PROFILE=deep`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
import structlog
from hypothesis import HealthCheck, settings

from connector import errors
from tests import elsewhere

SLOW_IS_FINE = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)

settings.register_profile("quick", max_examples=100, deadline=None, suppress_health_check=SLOW_IS_FINE)
settings.register_profile("deep", parent=settings.get_profile("quick"), max_examples=5_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


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


@pytest.fixture(autouse=True)
def stores(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """Where stores lie: in files as the test writes it, or in PostgreSQL."""
    if getattr(request, "param", "file") == "file":
        yield
        return
    server = elsewhere.server()
    if server is None:
        pytest.skip(elsewhere.ABSENT)
    place = elsewhere.Elsewhere(server)
    monkeypatch.setattr(sa, "make_url", place.url)
    yield
    place.clear()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests marked `both_stores` run on both, and all on PostgreSQL where that is asked for."""
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    if "file" in marks or "store_url" in metafunc.fixturenames:
        return
    if elsewhere.ASKED:
        metafunc.parametrize("stores", ["postgres"], indirect=True)
    elif "both_stores" in marks:
        kinds = ["file", pytest.param("postgres", marks=pytest.mark.postgres)]
        metafunc.parametrize("stores", kinds, indirect=True)
