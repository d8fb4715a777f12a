"""ServiceNow: how its tables, audit and APIs are used. How a site spells its fields is in the mapping."""
