"""Keeping the sandbox between two runs: records and issues in an SQLite file, written after each request.

Records, issues, files, counters and the clock are kept; faults, late commits and the index's lag are of the
moment and are not.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.sandbox import log
from connector.sandbox.jira import keeping
from connector.sandbox.servicenow import dictionary

if TYPE_CHECKING:
    from connector.sandbox.sandbox import Sandbox

SCHEMA = """
create table if not exists record (
  tablename text, sys_id text, row text, primary key (tablename, sys_id)
) without rowid;
create table if not exists file (sys_id text primary key, content blob);
create table if not exists issue (id integer primary key, content text);
create table if not exists kept (name text primary key, value text);
"""


class Keeper:
    """Writes what changed, reads what was kept."""

    def __init__(self, path: Path, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._path = path
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # A killed process loses nothing by this, only a failing machine would.
        self._db.execute("pragma synchronous = off")
        self._db.execute("pragma journal_mode = wal")
        self._db.executescript(SCHEMA)
        self._files = 0
        self._people: tuple[int, int, int] | None = None
        sandbox.servicenow.instance.kept = True
        sandbox.jira.site.changed = {}

    def save(self) -> None:
        """Write what has changed since the last call."""
        instance = self._sandbox.servicenow.instance
        changed = instance.take_changed()
        self._db.execute("begin")
        gone = [(table, sys_id) for table, sys_id in changed if not self._held(table, sys_id)]
        self._db.executemany("delete from record where tablename = ? and sys_id = ?", gone)
        self._db.executemany("insert or replace into record values (?, ?, ?)", self._rows(changed))
        for sys_id in list(instance.attachments)[self._files :]:
            content = instance.attachments[sys_id]
            self._db.execute("insert or replace into file values (?, ?)", (sys_id, content))
        self._files = len(instance.attachments)
        self._save_issues()
        self._keep("state", self._state())
        self._db.execute("commit")

    def _save_issues(self) -> None:
        site = self._sandbox.jira.site
        changed, site.changed = site.changed or {}, {}
        gone = [(number,) for number in changed if number not in site.issues]
        self._db.executemany("delete from issue where id = ?", gone)
        packed = (
            (number, json.dumps(keeping.packed(site.issues[number]), ensure_ascii=False))
            for number in changed
            if number in site.issues
        )
        self._db.executemany("insert or replace into issue values (?, ?)", packed)
        self._keep("site", keeping.state(site))
        if keeping.size_of_people(site) != self._people:
            self._people = keeping.size_of_people(site)
            self._keep("people", keeping.people(site))

    def _held(self, table: str, sys_id: str) -> bool:
        tables = self._sandbox.servicenow.tables
        return table in tables and sys_id in tables[table].rows

    def _rows(self, changed: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str, str]]:
        tables = self._sandbox.servicenow.tables
        for name, sys_id in changed:
            if self._held(name, sys_id):
                table = tables[name]
                filled = {key: value for key, value in table.values(table.rows[sys_id]).items() if value}
                yield name, sys_id, json.dumps(filled, ensure_ascii=False)

    def _state(self) -> dict[str, Any]:
        world, loaded = self._sandbox.world, self._sandbox.log
        state: dict[str, Any] = {
            "now": world.now(),
            "seed": world.chance.seed,
            "asked": world.chance.state(),
            "counters": self._sandbox.servicenow.instance.counters(),
        }
        if loaded:
            state["log"] = {
                "path": str(loaded.path or ""),
                "played": world.timeline.played,
                "platform": loaded.platform,
            }
        return state

    def _keep(self, name: str, value: Any) -> None:
        self._db.execute("insert or replace into kept values (?, ?)", (name, json.dumps(value)))

    def _kept(self, name: str) -> Any:
        found = self._db.execute("select value from kept where name = ?", (name,)).fetchone()
        return json.loads(found[0]) if found else None

    def restore(self) -> bool:
        """Bring back what the file holds; whether there was anything."""
        state = self._kept("state")
        if state is None:
            return False
        if state["seed"] != self._sandbox.world.chance.seed:
            raise ValueError(
                f"{self._path} was made with seed {state['seed']}; start the sandbox with that one"
            )
        instance = self._sandbox.servicenow.instance
        self._restore_rows()
        instance.attachments.update(self._db.execute("select sys_id, content from file"))
        self._files = len(instance.attachments)
        instance.restore_counters(state["counters"])
        self._restore_site()
        self._sandbox.world.chance.restore(state["asked"])
        self._sandbox.world.clock.move(state["now"])
        kept_log = state.get("log")
        if kept_log:
            path = Path(kept_log["path"]) if kept_log["path"] else None
            world = self._sandbox.world
            site, platform = self._sandbox.jira.site, kept_log.get("platform", "servicenow")
            self._sandbox.log = log.resume(world, instance, site, path, platform, kept_log["played"])
        else:  # the timers of a log are moved by the log
            instance.levels.take_up()
        instance.take_changed()
        return True

    def _restore_site(self) -> None:
        site = self._sandbox.jira.site
        people, state = self._kept("people"), self._kept("site")
        if people is None or state is None:  # a file from before there was a site
            return
        keeping.restore_people(site, people)
        keeping.restore(site, state)
        for (content,) in self._db.execute("select content from issue order by id"):
            keeping.put_back(site, json.loads(content))

    def _restore_rows(self) -> None:
        instance = self._sandbox.servicenow.instance
        rows = self._db.execute("select tablename, sys_id, row from record")
        later = []
        for name, sys_id, text in rows:
            fields = json.loads(text)
            if name in {"sys_db_object", "sys_dictionary"}:
                self._restore_row(name, sys_id, fields)
            else:
                later.append((name, sys_id, fields))
        dictionary.adopt(instance)
        for name, sys_id, fields in later:
            if name in instance.tables:
                self._restore_row(name, sys_id, fields)
        instance.forget_choices()

    def _restore_row(self, name: str, sys_id: str, fields: dict[str, str]) -> None:
        instance = self._sandbox.servicenow.instance
        table = instance.tables[name]
        if sys_id in table.rows:
            table.remove(sys_id)
        instance.put(table, {key: value for key, value in fields.items() if key in table.columns})

    def close(self) -> None:
        self.save()
        self._db.close()
