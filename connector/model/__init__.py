"""The nouns: records, cycles, events, effects, periods. Frozen data; no I/O, no clock, no platform."""
