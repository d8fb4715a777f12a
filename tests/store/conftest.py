"""Fixtures of the store's tests."""

from tests.store.places import open_place, store_url

__all__ = ["open_place", "store_url"]
