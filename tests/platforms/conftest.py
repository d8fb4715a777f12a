"""Fixtures: an instance as it comes, and one on which setup has been run."""

from __future__ import annotations

import pytest

from tests.platforms.site import Site, new_site


@pytest.fixture
def site() -> Site:
    return new_site()


@pytest.fixture
def ready(site: Site) -> Site:
    """With Accord's table and columns."""
    adapter = site.adapter()
    list(adapter.provision(adapter.provisions()))
    return site
