"""The configuration: what is wrong is told with its place, and no secret stands in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.cli import main
from connector.config import Config, load_config
from connector.errors import AccordError, scrub
from connector.model.instant import MINUTE, SECOND
from connector.paths import shipped
from connector.world import World

GOOD = """\
sources:
  acme:
    platform: servicenow
    url: https://acme.service-now.com/
    auth: {type: basic, user: env:SN_USER, password: env:SN_PASSWORD}
"""
WORLD = World(environ={"SN_USER": "robot", "SN_PASSWORD": "correct horse", "STORE": "sqlite:///elsewhere.db"})


def load(folder: Path, text: str, world: World = WORLD) -> Config:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, world)


def wrong(folder: Path, text: str, world: World = WORLD) -> list[str]:
    with pytest.raises(AccordError) as caught:
        load(folder, text, world)
    return str(caught.value).replace(str(folder) + "/", "").splitlines()


def test_what_is_not_written_has_its_default(tmp_path: Path) -> None:
    config = load(tmp_path, GOOD)
    source = config.sources["acme"]
    assert source.url == "https://acme.service-now.com"
    assert (source.mapping, source.pull.page_size, source.pull.workers) == ("servicenow", 1000, 4)
    assert (source.pull.overlap_ms, source.pull.lag_ms) == (6 * MINUTE, 10 * SECOND)
    assert (source.limits.requests_per_second, source.limits.acts_per_run, source.limits.settle_ms) == (
        10,
        200,
        300_000,
    )
    assert (config.every_ms, config.environment, config.start) == (5 * MINUTE, "production", None)
    assert config.rules == (tmp_path / "rules",)
    assert (config.notify.channel, config.log.format, config.metrics, config.webhook) == (
        "platform",
        "console",
        None,
        None,
    )


def test_jira_reads_with_a_wider_overlap(tmp_path: Path) -> None:
    text = GOOD.replace("platform: servicenow", "platform: jira").replace(
        "{type: basic, user: env:SN_USER, password: env:SN_PASSWORD}",
        "{type: token, user: a, token: env:SN_PASSWORD}",
    )
    pull = load(tmp_path, text).sources["acme"].pull
    assert (pull.overlap_ms, pull.lag_ms) == (15 * MINUTE, 60 * SECOND)


@pytest.mark.parametrize(
    ("output", "switch"),
    [
        ("fields", "on"),
        ("achievement", "on"),
        ("note", "off"),
        ("notify", "plan"),
        ("create.problem", "on"),
        ("create.change", "plan"),
    ],
)
def test_outputs_are_on_planned_or_off(tmp_path: Path, output: str, switch: str) -> None:
    config = load(tmp_path, GOOD + "    effects: {note: off, create.problem: on}\n")
    assert config.sources["acme"].switch(output) == switch


def test_the_store_lies_beside_the_configuration_wherever_the_run_starts(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD).store == f"sqlite:///{tmp_path}/accord.db"
    assert (
        load(tmp_path, GOOD + "store: sqlite:////var/lib/accord.db\n").store == "sqlite:////var/lib/accord.db"
    )
    assert load(tmp_path, GOOD + "store: env:STORE\n").store == f"sqlite:///{tmp_path}/elsewhere.db"


def test_the_example_loads() -> None:
    config = load_config(shipped("config.example.yaml"), WORLD)
    assert "acme" in config.sources


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            ("platform: servicenow", "platfrom: servicenow"),
            "config.yaml:3:5: unknown key 'platfrom'; did you mean 'platform'?",
        ),
        (
            ("platform: servicenow", "platform: servicenwo"),
            "config.yaml:3:15: 'servicenwo' is not a platform known here",
        ),
        (("https://", "http://"), "config.yaml:4:10: `url`: https is needed"),
        (
            ("https://acme", "https://me:pass@acme"),
            "config.yaml:4:10: `url`: the address holds a user or password",
        ),
        (("type: basic", "type: token"), "config.yaml:5:18: servicenow has no login of type 'token'"),
        (
            (", password: env:SN_PASSWORD", ""),
            "config.yaml:5:11: a login of type 'basic' needs `password`; write `password: env:NAME`",
        ),
        (
            ("type: basic", "type: basic, token: env:T"),
            "config.yaml:5:25: a login of type 'basic' has no `token`",
        ),
        (("sources:", "start: 2026-11-01\nsources:"), "config.yaml:1:8: `start`: '2026-11-01' has no offset"),
        (
            ("sources:", "schedule: {every: 5 min}\nsources:"),
            "config.yaml:1:19: `every`: '5 min' is not a length of time",
        ),
        (
            ("sources:", "environment: test\nsources:"),
            "config.yaml:1:14: environment `test` needs `redirect_notices_to: ADDRESS`",
        ),
        (
            ("sources:", "log: {level: loud}\nsources:"),
            "config.yaml:1:14: `level`: 'loud' is not one of debug, info",
        ),
        (
            ("sources:", "metrics: {listen: here}\nsources:"),
            "config.yaml:1:19: `listen`: 'here' is not HOST:PORT",
        ),
        (
            ("sources:", "notify: {channel: pigeon}\nsources:"),
            "config.yaml:1:19: 'pigeon' is not a channel known here",
        ),
        (
            ("sources:", "notify: {channel: smtp}\nsources:"),
            "config.yaml:1:9: the channel 'smtp' needs `host`",
        ),
        (
            ("sources:", "notify: {channel: smtp, host: h, from: a, port: mail}\nsources:"),
            "config.yaml:1:49: `port`: 'mail' is no port",
        ),
        (
            ("sources:", "notify: {channel: smtp, host: h, from: a, tls: ssl}\nsources:"),
            "config.yaml:1:48: `tls`: 'ssl' is not one of starttls, tls, none",
        ),
        (
            ("sources:", "notify: {channel: webhook, url: http://hooks.example}\nsources:"),
            "config.yaml:1:33: `url`: https is needed",
        ),
        (
            ("sources:", "store: mysql://x/y\nsources:"),
            "config.yaml:1:8: `store` is no address of a store: 'mysql'",
        ),
        (("  acme:", "  acme inc:"), "config.yaml:2:3: the source's name 'acme inc' is not one plain word"),
        (("sources:", "sources: {}\nx:"), "config.yaml:2:1: unknown key 'x'"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    lines = wrong(tmp_path, GOOD.replace(*change))
    assert [line for line in lines if line.startswith(told)], lines


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("https://", "http://") + "    limits: {acts_per_run: many}\nstrat: now\n"
    assert [line.split(": ")[0] for line in wrong(tmp_path, text)] == [
        "config.yaml:4:10", "config.yaml:6:28", "config.yaml:7:1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("env:SN_PASSWORD", "hunter2-plain"),
        GOOD + "store: postgresql+psycopg://me:hunter2-plain@db/accord\n",
        GOOD + "notify: {channel: smtp, host: h, from: a@b, user: u, password: hunter2-plain}\n",
        GOOD + "webhook: {listen: '127.0.0.1:9465', secret: hunter2-plain}\n",
        GOOD + "    proxy: http://me:hunter2-plain@proxy:3128\n",
    ],
)
def test_a_literal_secret_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    (told,) = wrong(tmp_path, text)
    assert "env:NAME" in told
    assert "hunter2-plain" not in told


def test_a_missing_variable_is_told_by_name_and_place(tmp_path: Path) -> None:
    config = load(tmp_path, GOOD, World(environ={}))
    with pytest.raises(
        AccordError, match=r"config.yaml:5:54: the environment variable SN_PASSWORD is not set"
    ):
        config.sources["acme"].auth.reveal("password", World(environ={}))


def test_secrets_come_from_files_too_and_never_show(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("from a file\n")
    auth = load(tmp_path, GOOD.replace("env:SN_PASSWORD", "file:pw")).sources["acme"].auth
    assert auth.reveal("password", WORLD) == "from a file"
    assert "from a file" not in repr(auth)
    assert "Secret(file:pw)" in repr(auth)


def test_a_password_spelt_like_the_user_does_not_blot_out_the_name(tmp_path: Path) -> None:
    config = load(tmp_path, GOOD.replace("env:SN_USER", "roberta"))
    config.sources["acme"].auth.reveal("password", World(environ={"SN_PASSWORD": "roberta"}))
    assert scrub("roberta may not read sys_audit") == "roberta may not read sys_audit"


def test_a_revealed_secret_is_scrubbed_from_every_later_message(tmp_path: Path) -> None:
    secret = "only-in-this-test"
    config = load(tmp_path, GOOD)
    assert config.sources["acme"].auth.reveal("password", World(environ={"SN_PASSWORD": secret})) == secret
    assert str(AccordError(f"the platform said: bad login {secret}")) == "the platform said: bad login ***"


def test_no_configuration_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(AccordError, match="accord init"):
        load_config(tmp_path / "config.yaml", WORLD)


def test_rules_and_mappings_that_are_not_there_are_told_where_they_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        "sources:\n  acme:\n    platform: jira\n    url: https://acme.example\n"
        "    auth: {type: pat, token: env:T}\n    mapping: ours/   # a folder\nrules: [rulez/]\n"
    )
    assert main(["validate", "--config", str(config)]) == 2
    out = capsys.readouterr().out
    assert f"{config}:6:14: there is no mapping 'ours/'" in out
    assert f"{config}:7:9: there is no file or folder {tmp_path}/rulez" in out
    assert "      |              ^^^^^\n" in out  # no further than the word itself
