"""The site's own SLA engine: calendars, conditions, cycles."""
