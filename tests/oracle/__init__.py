"""A second evaluator of the rule language, slow and plain, written from the rules' text alone.

It exists to disagree: the engine's figures are compared with these by the tests in `tests/properties`.
Hence it takes one ticket at a time, event by event, walks calendars day by day, and shares nothing with
`connector.evaluate`: no function, no idea, not even a table. It knows clocks only, no objectives, and speed
is no aim. Where the text leaves room, the reading taken is marked `Reading:`.
"""
