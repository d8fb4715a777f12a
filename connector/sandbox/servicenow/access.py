"""Who may see and do what (the access rules): by table, by row and by field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.servicenow.accounts import Caller
from connector.sandbox.servicenow.tables import Table

if TYPE_CHECKING:
    from connector.sandbox.servicenow.instance import Instance

AUDIT = {"sys_audit", "sys_audit_delete", "sys_journal_field", "sys_history_set"}
DESCRIPTIVE = {"sys_dictionary", "sys_db_object"}
ADMIN_ONLY = {"sys_update_set", "sys_user_has_role", "sys_user_role"}
READERS = ("itil", "accord_integration", "snc_read_only")
# Written by the platform itself; nobody writes them over the API.
ENGINE_OWNED = AUDIT | {"task_sla", "metric_instance", "sys_glide_object"}
# Kept by administrators.
MASTER_DATA = {"sys_user", "sys_user_group", "sys_user_grmember", "sys_user_role", "sys_user_has_role"}
MASTER_DATA |= {"core_company", "cmn_location", "cmn_department", "contract_sla", "cmn_schedule"}
MASTER_DATA |= {"cmn_schedule_span", "cmn_other_schedule", "cmdb_ci", "cmdb_ci_service", "sys_properties"}


class Access:
    """The rules as they stand for one caller."""

    def __init__(self, instance: Instance, caller: Caller) -> None:
        self._instance, self._caller = instance, caller
        self._admin = "admin" in caller.roles

    def refuses_table(self, name: str) -> bool:
        """Whether any request to this table is answered 403."""
        if self._admin:
            return False
        quirks = self._instance.quirks
        if name in quirks.denied_tables:
            return True
        return name in AUDIT and quirks.denied_audit == "403" and not self._may_read_table(name)

    def _may_read_table(self, name: str) -> bool:
        if self._admin:
            return True
        if name in AUDIT:
            return self._caller.has("audit_viewer")
        if name in DESCRIPTIVE:
            return self._instance.quirks.dictionary_readable and self._caller.has("personalize_dictionary")
        if name in ADMIN_ONLY:
            return False
        return self._caller.has(*READERS)

    def sees_row(self, name: str, sys_id: str) -> bool:
        if self._admin:
            return True
        if not self._may_read_table(name) or sys_id in self._instance.hidden:
            return False
        share = self._instance.quirks.hidden_share.get(name, 0.0)
        return not share or self._instance.world.chance.of("hidden", name, sys_id) >= share

    def hidden_fields(self, table: Table) -> frozenset[str]:
        """The fields of a table's records that are left out for this caller."""
        if self._admin:
            return frozenset()
        return self._instance.quirks.unreadable_fields.get(table.name, frozenset())

    def may_create(self, name: str) -> bool:
        if name in ENGINE_OWNED:
            return False
        return self._admin or self._may_write(name)

    def may_write(self, name: str, sys_id: str) -> bool:
        if name in ENGINE_OWNED:
            return False
        return self._admin or (self._may_write(name) and self.sees_row(name, sys_id))

    def may_delete(self, name: str, sys_id: str) -> bool:
        if name in ENGINE_OWNED:
            return False
        if self._admin:
            return True
        own = name.startswith(("u_", "x_")) or name == "sys_attachment"
        descriptive = name in DESCRIPTIVE and self._may_write(name)
        return self._caller.has("accord_integration") and (own or descriptive) and self.sees_row(name, sys_id)

    def _may_write(self, name: str) -> bool:
        if name in DESCRIPTIVE or name == "sys_choice":
            return self._caller.has("personalize_dictionary")
        if name in MASTER_DATA or name in ADMIN_ONLY:
            return False
        return self._caller.has("itil", "accord_integration")
