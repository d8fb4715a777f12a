"""A recorded incident log, turned into the history of the platforms."""

from connector.sandbox.log.load import LoadedLog, On, load, resume

__all__ = ["LoadedLog", "On", "load", "resume"]
