"""The files of simulated sites: configuration and rules, read once by the real loader."""

from __future__ import annotations

import atexit
import shutil
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

from connector.site import Site, load_site
from connector.world import World

ORIGIN, HOOK = "http://localhost", "/hook"
CONFIG = """
sources:
  acme:
    platform: {platform}
    url: {url}
    auth: {auth}
    mapping: mapping
    pull: {{page_size: 1000, workers: 2}}
    limits: {{requests_per_second: 1000, acts_per_run: 1000}}
    effects: {{note: on, create.problem: on, notify: on}}
rules: [rules/]
store: sqlite:///accord.db
notify: {notify}
"""
AUTH = {
    ("servicenow", "basic"): "{type: basic, user: accord, password: env:SECRET}",
    ("servicenow", "oauth"): (
        "{type: oauth, grant: password, client_id: accord-client, client_secret: env:CLIENT,"
        " user: accord, password: env:SECRET}"
    ),
    ("jira", "basic"): "{type: token, user: accord@example.com, token: env:SECRET}",
    ("jira", "oauth"): (
        "{type: oauth, client_id: accord-client, client_secret: env:CLIENT, refresh_token: env:REFRESH}"
    ),
}
NOTIFY = {
    "platform": "{channel: platform}",
    "smtp": "{channel: smtp, host: mail.example.com, from: accord@example.com, tls: none}",
    "webhook": f"{{channel: webhook, url: '{ORIGIN}{HOOK}'}}",
}
# What of the shipped mappings the rules here do not look at: without it a story takes half the time.
UNREAD = {
    "servicenow": (
        "severity category subcategory resolution reopened problem caused_by impact urgency channel service"
        " ci location company customer parent"
    ),
    "jira": (
        "severity impact urgency category subcategory request_type channel service ci location company"
        " customer reopened root_cause workaround parent resolution"
    ),
}
AGREEMENT = """
agreement: {name}
type: sla
applies_to: {{record: incident}}
targets:
  {name}:
    start: {{state: {{not_in: [resolved, closed, cancelled]}}}}
    pause: {{state: on_hold}}
    stop: {{state: [resolved, closed]}}
    cancel: {{state: cancelled}}
    reopen: new_cycle
    within: [{{time: {time}}}]
    on:
{lines}
"""
HOUR = AGREEMENT.format(
    name="hour",
    time="1h",
    lines="""
      started: [{note: begun}]
      50%: [{note: half}]
      breached: [{note: whole}, {create: problem}]
""",
)
TOLD = HOUR.replace("{create: problem}", "{create: problem}, {notify: [boss@example.com]}")
QUICK = AGREEMENT.format(name="quick", time="20m", lines="      breached: [{note: quickly}]\n")
RULES = {"one": HOUR, "two": HOUR + "---" + QUICK, "told": TOLD}


@lru_cache
def site(platform: str, login: str, rules: str, notify: str) -> Site:
    """Those files, loaded as a run loads them; nothing changes them afterwards."""
    url = f"{ORIGIN}/ex/jira/cloud" if (platform, login) == ("jira", "oauth") else ORIGIN
    folder = _place() / f"{platform}-{login}-{rules}-{notify}"
    (folder / "rules").mkdir(parents=True)
    (folder / "rules" / "simulated.yaml").write_text(RULES[rules])
    _lay_over(folder / "mapping", platform)
    text = CONFIG.format(platform=platform, url=url, auth=AUTH[platform, login], notify=NOTIFY[notify])
    (folder / "config.yaml").write_text(text)
    return load_site(folder / "config.yaml", World(now=lambda: 0, environ={}))


@lru_cache(maxsize=1)
def _place() -> Path:
    folder = Path(mkdtemp(prefix="accord-sim-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def fresh_folder() -> Path:
    """The folder beside the store, for what a login has to remember, with nothing in it."""
    folder = _place() / "keep"
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    return folder


def _lay_over(folder: Path, platform: str) -> None:
    """The site's own mapping, laid over the shipped one."""
    folder.mkdir()
    (folder / "mapping.yaml").write_text(f"mapping: ours\nplatform: {platform}\nextends: {platform}\n")
    unread = "".join(f"  {name}: null\n" for name in UNREAD[platform].split())
    (folder / "incident.yaml").write_text(f"extends: ticket\nfields:\n{unread}")
