"""Platforms: one folder each, behind one port (`port.py`). Platforms do not know each other."""
