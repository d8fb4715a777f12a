"""Kinds and mappings as data: which records there are, and how a platform spells them.

The files are in `mappings/`; here is who reads them. What a platform answers over HTTP is not known here.
Kinds alone (`kinds`) are read without what reads mappings (`reader`): offline commands need no more.
"""
