"""Over random calendars, rules and tickets, engine and slow evaluator agree, and the laws hold."""
