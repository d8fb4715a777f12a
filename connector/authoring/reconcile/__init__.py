"""Accord's clocks beside the cycles of the platform's own SLA engine: what differs, and which rule of the
platform's would give its figures."""
