"""How long the properties are tried: half a minute, or an evening with `HYPOTHESIS_PROFILE=deep`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

SLOW_IS_FINE = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)

settings.register_profile("quick", max_examples=100, deadline=None, suppress_health_check=SLOW_IS_FINE)
settings.register_profile("deep", parent=settings.get_profile("quick"), max_examples=5_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
