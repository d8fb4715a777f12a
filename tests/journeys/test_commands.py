"""The commands of a run, as a person or a script calls them: what they print and what they end with."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from connector.cli import main
from connector.model.instant import HOUR, MINUTE
from tests.journeys.death import Life, mortal
from tests.journeys.place import RULES, Place
from tests.pull.site import Killed

Accord = Callable[..., tuple[int, str, str]]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "site")
    made.setup()
    for number in range(2):
        made.open(urgency=str(1 + number), impact=str(1 + number))
    made.pass_(5 * MINUTE)
    return made


@pytest.fixture
def accord(place: Place, capsys: pytest.CaptureFixture[str]) -> Accord:
    """Runs a command at the place: exit code, what it printed, what it said beside."""

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        command, rest = (words[:2], words[2:]) if words[0] == "store" else (words[:1], words[1:])
        code = main([*command, "--config", str(place.folder / "config.yaml"), *rest], world=place.world)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_plan_ends_with_1_only_where_a_script_asks_for_it(accord: Accord) -> None:
    assert accord("plan")[0] == 0
    assert accord("plan", "--exit-code")[0] == 1
    assert accord("sync")[0] == 0
    code, out, _ = accord("plan", "--exit-code")
    assert (code, out.splitlines()[-1]) == (
        0,
        "Plan: 0 to create, 0 to change, 0 held. Nothing was written.",
    )


@pytest.mark.parametrize("columns", [70, 100, 160])
def test_a_plan_fits_its_terminal(columns: int, accord: Accord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    _, out, _ = accord("plan")
    assert max(map(len, out.splitlines())) <= columns
    assert "agreement: desk" in out


def test_a_created_record_says_what_it_is_for(accord: Accord, place: Place) -> None:
    accord("sync")
    place.pass_(HOUR)
    accord("sync")
    (problem,) = place.rows("problem")
    assert problem["short_description"] == "Resolution of INC0010001 was not in time: it broke"
    for part in (
        "Resolution for desk",
        "was due 09:00 UTC",
        "4 min 50 s over",
        "rule desk.yaml:13",
        "INC0010001",
    ):
        assert part in problem["description"]


def test_a_failed_source_is_told_once(accord: Accord, place: Place) -> None:
    place.sandbox.faults.rates({"500": 1.0}, seed=1)
    code, out, err = accord("sync")
    assert code == 3
    assert (out + err).count("acme: stopped:") == 1
    assert "run.source_failed" not in err
    _, out, _ = accord("status")
    assert "\n  acme stopped: " in out


def test_status_tells_that_a_run_was_killed_and_what_comes_of_it(accord: Accord, place: Place) -> None:
    accord("sync")
    place.pass_(HOUR)
    with pytest.raises(Killed):
        place.sync(mortal(replace(place.world, pid=2), Life(6)))
    _, out, _ = accord("status")
    assert "run 2 (acme): begun 2026-03-02T09:05:00Z, not ended: it was killed. Nothing is lost" in out
    assert "at work" not in out
    accord("sync")
    _, out, _ = accord("status")
    assert "not ended: it was killed; a later run has taken up its work" in out


def test_plan_shows_what_changes_as_a_diff(accord: Accord, place: Place) -> None:
    accord("sync")
    place.pass_(HOUR)
    _, out, _ = accord("plan")
    assert "acme incident INC0010001" in out
    assert "~ fields" in out
    assert "sla_used: 0.0 → 1.0" in out
    assert "+ create.problem" in out


def test_the_json_of_plan_and_sync_agrees(accord: Accord, place: Place) -> None:
    accord("sync")
    place.pass_(HOUR)
    foretold = json.loads(accord("plan", "--format", "json")[1])
    done = json.loads(accord("sync", "--format", "json")[1])
    assert foretold["deliver"] == sum(done["sources"][0]["delivered"].values()) > 0
    assert {effect["mark"] for effect in foretold["effects"]} == {"deliver"}
    assert done["exit_code"] == 0
    assert done["sources"][0]["watermark"] == "2026-03-02T09:04:50Z"


def test_sync_sums_up_in_lines(accord: Accord) -> None:
    code, out, _ = accord("sync")
    assert code == 0
    assert "acme: pulled incident: 2 read, 2 new or changed" in out
    assert "acme: delivered 2 achievement, 2 fields" in out
    assert "next line to come: 2026-03-02T08:45:00Z" in out


def test_a_source_that_is_not_there_is_guessed_at(accord: Accord) -> None:
    code, _, err = accord("sync", "--source", "acne")
    assert code == 2
    assert "no source 'acne'" in err
    assert "acme" in err


def test_a_platform_that_refuses_the_login_ends_with_3(accord: Accord, place: Place) -> None:
    place.world.environ["SN_PASSWORD"] = "wrong"  # type: ignore[index]
    code, out, _ = accord("sync")
    assert code == 3
    assert "acme: stopped:" in out
    assert "wrong" not in out


def test_a_changed_version_ends_with_2_and_names_the_change(accord: Accord, place: Place) -> None:
    accord("sync")
    place.write(RULES.replace("{time: 4h}", "{time: 3h}"))
    code, _, err = accord("sync")
    assert code == 2
    assert "targets.resolution.entries[2].time.length: 4 h → 3 h" in err


@pytest.mark.file
def test_status_before_the_first_sync_says_so(accord: Accord, place: Place) -> None:
    code, _, err = accord("status")
    assert code == 2
    assert "the first `accord sync` makes it" in err
    assert not (place.folder / "accord.db").exists()


def test_status_tells_how_far_everything_is(accord: Accord) -> None:
    accord("sync")
    code, out, _ = accord("status")
    assert code == 0
    assert "known up to 2026-03-02T08:04:50Z" in out
    assert "incident: 2 records" in out
    assert "cycles: 2 running" in out
    assert "exit 0" in out
    (source,) = json.loads(accord("status", "--format", "json")[1])["sources"]
    assert source["cycles"] == {"running": 2}
    assert source["at_work"] is None


@pytest.mark.file
def test_the_store_is_checked_backed_up_and_pruned(accord: Accord, place: Place) -> None:
    accord("sync")
    assert accord("store", "check") == (0, "everything holds\n", "")
    assert accord("store", "backup", str(place.folder / "copy.db"))[0] == 0
    assert accord("store", "backup", str(place.folder / "copy.db"))[0] == 2
    place.pass_(HOUR)
    code, out, _ = accord("store", "prune", "--older-than", "30m")
    assert (code, out) == (0, "let go of 4 requests, 0 texts, 1 run\n")
    assert accord("store", "prune", "--person", " ")[0] == 2
    assert accord("store", "check")[0] == 0


def test_a_store_with_something_wrong_ends_with_1(accord: Accord, place: Place) -> None:
    accord("sync")
    store = place.open_store()
    with store.begin() as tx:
        tx.exec_driver_sql("update cycles set ended = 1")
    store.close()
    code, out, _ = accord("store", "check")
    assert code == 1
    assert "not so: an open cycle has no end" in out


def test_a_full_sync_tells_what_is_not_there_any_more(accord: Accord, place: Place) -> None:
    accord("sync")
    gone = place.rows("incident")[0]["sys_id"]
    answer = place.as_person().delete(f"http://localhost/api/now/table/incident/{gone}")
    assert answer.status_code == 204
    place.pass_(MINUTE)
    assert "frozen" not in accord("sync")[1]
    code, out, _ = accord("sync", "--full")
    assert code == 0
    assert "1 incident deleted: frozen as last seen" in out
    assert len(place.rows("u_accord_achievement")) == 2  # nothing is cancelled for it
