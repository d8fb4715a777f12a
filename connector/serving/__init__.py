"""The parts of a service that runs by itself: when to run, what it tells of itself, and who may nudge it.

The loop that puts them together is `connector/serve.py`; what a run does is not known here.
"""
