"""Kinds and mappings as data: which records there are, and how a platform spells them.

The files are in `mappings/`; here is who reads them. What a platform answers over HTTP is not known here.
"""

from connector.mappings.catalogue import Catalogue, FieldMapping, RecordMapping
from connector.mappings.kinds import shipped_kinds
from connector.mappings.reader import load_catalogue

__all__ = ["Catalogue", "FieldMapping", "RecordMapping", "load_catalogue", "shipped_kinds"]
