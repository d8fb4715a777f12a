"""`accord validate` and `accord schema`, as a rule author runs them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from connector.cli import main
from connector.paths import shipped
from connector.rules.explanations import EXPLANATIONS
from tests.rules.given import MINIMAL

HERE = Path(__file__).parent


@pytest.fixture
def wrong_file(tmp_path: Path) -> Path:
    path = tmp_path / "desk.yaml"
    path.write_text(MINIMAL.replace("is: resolution", "is: resolutoin"))
    return path


def test_a_mistake_is_shown_with_its_line_and_ends_with_two(
    wrong_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(wrong_file)]) == 2
    assert capsys.readouterr().out == (
        f"{wrong_file}:6:20: `is`: 'resolutoin' is not one of response, resolution, rhythm, stint; "
        "did you mean 'resolution'? [wrong-type]\n"
        "    6 |   resolution: {is: resolutoin, within: [{time: 4h}]}\n"
        "      |                    ^^^^^^^^^^\n"
        "1 problem in 1 of 1 file\n"
    )


def test_warnings_end_with_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "desk.yaml").write_text(MINIMAL + "customer: acme\n")
    (tmp_path / "other.yaml").write_text("customer: acne\n")
    assert main(["validate", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "warning: the customer 'acme' is not declared; did you mean 'acne'? [undeclared]" in out
    assert out.endswith("no errors in 2 files, 1 warning\n")


def test_problems_may_be_had_as_json(wrong_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(wrong_file), "--format", "json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert (told["files"], told["errors"], told["warnings"]) == (1, 1, 0)
    assert told["problems"] == [
        {
            "file": str(wrong_file),
            "line": 6,
            "column": 20,
            "severity": "error",
            "code": "wrong-type",
            "what": "`is`: 'resolutoin' is not one of response, resolution, rhythm, stint",
            "hint": "did you mean 'resolution'?",
        }
    ]


def test_a_path_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml:1:1: there is no such file" in capsys.readouterr().out


def test_the_effective_rules_are_printed_and_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "desk.yaml").write_text(MINIMAL)
    assert main(["validate", str(tmp_path), "--effective"]) == 0
    (tmp_path / "desk.yaml").write_text(capsys.readouterr().out)
    assert main(["validate", str(tmp_path)]) == 0


def test_a_code_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--explain", "ambiguous-days"]) == 0
    assert capsys.readouterr().out.startswith("ambiguous-days: `2d` and `1w` are 48 hours and 7 × 24 hours.")
    assert main(["validate", "--explain", "ambigous-days"]) == 2
    assert "did you mean 'ambiguous-days'?" in capsys.readouterr().err


def test_every_code_that_the_reader_uses_is_explained() -> None:
    source = "".join(
        path.read_text() for path in sorted((HERE.parents[1] / "connector" / "rules").glob("*.py"))
    )
    used = set(re.findall(r'\.(?:wrong|doubt)\(\s*"([a-z-]+)"', source))
    used |= set(re.findall(r'WrongValue\((?:[^()]|\([^()]*\))*"([a-z]+-[a-z-]+)"\s*,?\s*\)', source))
    assert len(used) > 40
    assert used <= EXPLANATIONS.keys()


def test_configuration_mappings_and_rules_are_checked_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "desk.yaml").write_text(
        MINIMAL.replace("priority", "prioritty").replace("4h", "4 h")
    )
    (tmp_path / "config.yaml").write_text(
        "sources:\n  acme:\n    platform: servicenow\n    url: https://acme.service-now.com\n"
        "    auth: {type: basic, user: env:SN_USER, password: env:SN_PASSWORD}\n    mapping: servicenow\n"
        "rules: [rules/]\nstore: sqlite:///accord.db\n"
    )
    assert main(["validate", "--config", str(tmp_path / "config.yaml")]) == 2
    out = capsys.readouterr().out
    assert "'4 h' is not a length of time; did you mean '4h'? [bad-length]" in out
    assert out.endswith("1 problem in 1 of 2 files\n")


def test_a_broken_configuration_does_not_hide_the_rules_asked_for(
    tmp_path: Path, wrong_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.yaml").write_text("sources: 1\n")
    assert main(["validate", str(wrong_file), "--config", str(tmp_path / "config.yaml")]) == 2
    assert capsys.readouterr().out.endswith("1 problem in 1 of 1 file\n")
    assert main(["validate", str(tmp_path / "config.yaml")]) == 2
    assert "config.yaml:1:10" in capsys.readouterr().out


def test_without_a_configuration_there_is_a_hint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--config", str(tmp_path / "config.yaml")]) == 2
    assert "there is no configuration at" in capsys.readouterr().err


def schema(what: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["schema", what]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(found)
    return found


class _EditorLoader(yaml.SafeLoader):
    """YAML as editors read it: numbers and booleans typed, dates left as text."""


_EditorLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rows if not tag.endswith((":timestamp", ":bool"))]
    for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_EditorLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


@pytest.mark.parametrize("what", ["config", "mapping", "rules"])
def test_every_schema_is_one(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert schema(what, capsys)


def test_the_schema_accepts_every_rule_that_the_reader_accepts(capsys: pytest.CaptureFixture[str]) -> None:
    validator = jsonschema.Draft202012Validator(schema("rules", capsys))
    files = [*(HERE / "agreements").glob("*.yaml"), *shipped("rules").rglob("*.yaml")]
    for path in sorted(files):
        for document in yaml.load_all(path.read_text(encoding="utf-8"), _EditorLoader):
            assert validator.is_valid(document), (path, next(iter(document.values())))


@pytest.mark.parametrize(
    "wrong",
    [
        {"agreement": "a", "type": "slaa", "applies_to": {"record": "incident"}},
        {"agreement": "a", "type": "sla"},
        {
            "agreement": "a",
            "type": "sla",
            "applies_to": {"record": "incident"},
            "targets": {"t": {"iss": "response"}},
        },
        {"calendar": "c"},
        {"derive": "d", "from": [{"when": {"state": {"iss": 1}}, "is": 1}]},
    ],
)
def test_the_schema_marks_mistakes(wrong: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert not jsonschema.Draft202012Validator(schema("rules", capsys)).is_valid(wrong)
