"""The clock engine, sentence by sentence of the rules."""
