"""The people and things behind the log's codes: made up, and always the same for the same code.

The log says "Caller 2403" and "Group 70". An instance needs a person with a name and a company, a group with
a manager and members, so each code gets one. Codes stay visible in `employee_number` and in the names of
groups, locations and configuration items.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from connector.sandbox.servicenow.dictionary import START

if TYPE_CHECKING:
    from connector.sandbox.servicenow.instance import Instance


def _names(file: str) -> list[str]:
    return files("connector.sandbox").joinpath("data", file).read_text(encoding="utf-8").split()


FIRST = _names("first_names.txt")
LAST = _names("last_names.txt")
# What a user name begins with, by the word of the log's code.
PEOPLE = {
    "Caller": "caller",
    "Opened by": "opener",
    "Created by": "creator",
    "Updated by": "agent",
    "Resolver": "resolver",
    "Resolved by": "solver",
    "Manager": "manager",
}
TITLES = {"caller": "Employee", "manager": "Group manager"}
CUSTOMERS = ("ACME", "Borealis", "Castor", "Delmar", "Elbe")
PROVIDER = "Accord Service Desk"
SERVICES = ("Payroll", "E-mail", "Network", "Workplace", "ERP", "Customer portal")
ZONES = ("Europe/London", "Europe/Berlin", "America/New_York", "Asia/Kolkata")
ITEMS = ("Laptop", "Software licence", "VPN access", "Mobile phone", "Shared mailbox")


def _user_name(code: str) -> str:
    word, _, number = code.rpartition(" ")
    return f"{PEOPLE[word.strip()]}.{number}"


class Cast:
    """Gives the id of the record behind a code, making the record the first time it is asked for."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._chance = instance.world.chance
        self._members: set[tuple[str, str]] = set()
        self.user = cache(self._user)
        self.group = cache(self._group)
        self.location = cache(self._location)
        self.service = cache(self._service)

    def record(self, table: str, subject: str, **fields: str) -> str:
        """The id of the record of a table that stands for a subject, made if it is not there."""
        sys_id = self._chance.identifier(table, subject)
        holder = self._instance.tables[table]
        if sys_id not in holder.rows:
            stamps = {"sys_id": sys_id, "sys_created_on": START, "sys_updated_on": START}
            stamps |= {"sys_created_by": "system", "sys_updated_by": "system", "sys_mod_count": "0"}
            self._instance.put(holder, {**fields, **stamps})
        return sys_id

    def user_name(self, code: str) -> str:
        """The user name behind a code such as `Updated by 21`; nothing for no code."""
        self.user(code)
        return _user_name(code) if code else ""

    def _user(self, code: str) -> str:
        if not code:
            return ""
        name = _user_name(code)
        kind = name.partition(".")[0]
        first = FIRST[self._chance.number("first", name) % len(FIRST)]
        last = LAST[self._chance.number("last", name) % len(LAST)]
        company = self.company(self.customer(code) if kind == "caller" else PROVIDER)
        return self.record(
            "sys_user",
            name,
            user_name=name,
            first_name=first,
            last_name=last,
            name=f"{first} {last}",
            email=f"{name}@example.com",
            employee_number=" ".join(code.split()),
            title=TITLES.get(kind, "Service desk agent"),
            company=company,
            active="true",
        )

    def customer(self, code: str) -> str:
        """The customer a caller works for."""
        return CUSTOMERS[self._chance.number("customer", code) % len(CUSTOMERS)] if code else ""

    def company(self, name: str, *, vendor: bool = False) -> str:
        if not name:
            return ""
        customer = str(name in CUSTOMERS).lower()
        return self.record("core_company", name, name=name, customer=customer, vendor=str(vendor).lower())

    def vendor(self, code: str) -> str:
        return self.company(code, vendor=True)

    def _group(self, code: str) -> str:
        if not code:
            return ""
        number = code.rpartition(" ")[2]
        manager = self.user(f"Manager {number}")
        email = f"group.{number}@example.com"
        return self.record("sys_user_group", code, name=code, manager=manager, email=email, active="true")

    def join(self, group: str, resolver: str) -> None:
        """Make a resolver a member of the group they were seen to work in."""
        if group and resolver and (group, resolver) not in self._members:
            self._members.add((group, resolver))
            pair = {"group": self.group(group), "user": self.user(resolver)}
            self.record("sys_user_grmember", f"{group}/{resolver}", **pair)

    def _location(self, code: str) -> str:
        if not code:
            return ""
        zone = ZONES[self._chance.number("zone", code) % len(ZONES)]
        return self.record("cmn_location", code, name=code, time_zone=zone)

    def _service(self, category: str) -> str:
        """The business service a category belongs to."""
        if not category:
            return ""
        return self.named_service(SERVICES[int(category.rpartition(" ")[2]) % len(SERVICES)])

    def named_service(self, name: str) -> str:
        owner = self.user(f"Manager {900 + SERVICES.index(name)}")
        return self.record(
            "cmdb_ci_service",
            name,
            sys_class_name="cmdb_ci_service",
            name=name,
            owned_by=owner,
            operational_status="1",
            busines_criticality="2 - somewhat critical",
        )

    def ci(self, code: str) -> str:
        return self.record("cmdb_ci", code, name=code, operational_status="1") if code else ""

    @staticmethod
    def item_name(number: int) -> str:
        return ITEMS[number % len(ITEMS)]

    def item(self, number: int) -> str:
        """A catalogue item people order."""
        name = self.item_name(number)
        return self.record("sc_cat_item", name, name=name, short_description=f"Order: {name}")
