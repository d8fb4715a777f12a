"""What a run does between its stages: keeps the rules to their word, hands tickets from the store to the pure
middle and back, and sums up. The order of the stages is in `connector/run.py`.
"""
