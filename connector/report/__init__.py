"""The service achievement report: every objective with its value, its trend and the tickets behind it.

`gather` reads the store, `contents` counts, `page` and `sheets` write it down. Nothing is sent from here.
"""
