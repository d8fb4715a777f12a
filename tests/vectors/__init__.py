"""Cases that other projects and the vendors published, run through the product itself.

The files lie beside the checkout and are not part of it; where they are absent these tests are skipped.
A case that the product answers differently, on purpose, is named with its reason in
`docs/reference-cases.md`.
"""
