"""From the platform into the store: what changed since the last run, record by record, with its history.

What the values mean to a rule is not known here; how a platform spells them is not either.
"""
