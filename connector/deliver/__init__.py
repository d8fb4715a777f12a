"""From decided effects to the platform: each once, in the order of its ticket, whatever breaks in between.

Design, Promises: a request is frozen in the store before its first byte leaves, and its answer is noted
after. Whoever is killed in between leaves a request of which nobody knows what became; the next run waits
until it has settled, looks it up by key, and only then sends it again.
"""

from connector.deliver.delivering import deliver
from connector.deliver.pace import Paced, pace, pace_among
from connector.deliver.tally import Delivered, Refused

__all__ = ["Delivered", "Paced", "Refused", "deliver", "pace", "pace_among"]
