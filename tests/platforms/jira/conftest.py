"""Fixtures: a Cloud site as it comes."""

from __future__ import annotations

import pytest

from tests.platforms.jira.site import Site, new_site


@pytest.fixture
def site() -> Site:
    return new_site()
