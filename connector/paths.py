"""Where the data that ships with this copy lies. Nothing a user configures is looked up here."""

from __future__ import annotations

from pathlib import Path


def shipped(name: str) -> Path:
    """The shipped folder or file *name* (`mappings`, `rules`, `config.example.yaml`).

    It is in the wheel, else in the checkout: an editable install has no copy of its own.
    """
    here = Path(__file__).parent
    installed = here / "_shipped" / name
    return installed if installed.exists() else here.parent / name
