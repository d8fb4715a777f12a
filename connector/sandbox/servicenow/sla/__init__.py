"""The instance's own SLA engine: schedules, conditions, timers (`task_sla`)."""
