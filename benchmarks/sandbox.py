"""How quick the sandbox is: loading a whole log and serving its pages. `python -m benchmarks.sandbox [LOG]`.

It prints; nothing is asserted, for figures belong to the machine they were taken on.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from connector.sandbox import Sandbox

FIELDS = (
    "sys_id,number,state,priority,short_description,caller_id,company,assignment_group,assigned_to,opened_at,"
    "resolved_at,closed_at,sys_updated_on,sys_mod_count,business_service,active"
)
ORDER = "ORDERBYsys_updated_on^ORDERBYsys_id"


def sweep(session: requests.Session, url: str, scope: str, fields: str) -> Iterator[list[dict[str, str]]]:
    """All pages of the incidents by keyset, 200 rows each."""
    query = f"{scope}sys_updated_on>1970-01-01^{ORDER}"
    while True:
        params = {"sysparm_query": query, "sysparm_limit": "200", "sysparm_fields": fields}
        rows = session.get(f"{url}/api/now/table/incident", params=params).json()["result"]
        yield rows
        if rows:
            at, last = rows[-1]["sys_updated_on"], rows[-1]["sys_id"]
            query = f"{scope}sys_updated_on={at}^sys_id>{last}^ORDERBYsys_id"
        elif "sys_id>" in query:
            query = f"{scope}sys_updated_on>{at}^{ORDER}"
        else:
            return


def measured(name: str, session: requests.Session, url: str, scope: str = "", fields: str = FIELDS) -> None:
    begun = time.perf_counter()
    pages = [len(rows) for rows in sweep(session, url, scope, fields)]
    took = time.perf_counter() - begun
    rates = f"{len(pages) / took:6.0f} pages/s {sum(pages) / took:8.0f} rows/s"
    print(f"{name:32} {len(pages):5} pages {sum(pages):7} rows  {rates}")


def main(log: Path | None) -> None:
    begun = time.perf_counter()
    sandbox = Sandbox(now=0)
    loaded = sandbox.load_log(log)
    took = time.perf_counter() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    audit = len(sandbox.servicenow.tables["sys_audit"].rows)
    print(f"loaded {loaded.cases} incidents, {audit} audit rows in {took:.1f} s; {memory} MB")
    with requests.Session() as session, sandbox.serve() as server:
        session.auth = ("accord", "accord")
        session.mount("http://sandbox", sandbox.transport())
        measured("in process", session, "http://sandbox")
        measured("in process, within a scope", session, "http://sandbox", "active=true^ORstate=7^")
        measured("in process, all fields", session, "http://sandbox", fields="")
        measured("over HTTP", session, server.url)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
