"""Atlassian's OpenAPI as a tap on the wire: a transport that checks every request and answer against it.

Mount it in place of the transport it wraps. What Atlassian's own site does other than its description says is
listed in `_known_deviation`, and nowhere else.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from jsonschema import Draft202012Validator
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

from connector.sandbox.faults import Faults

SPEC = Path(__file__).parents[4] / "shared" / "specs" / "jira" / "jira-cloud-v3.trimmed.fixed.json"
needs_spec = pytest.mark.skipif(not SPEC.exists(), reason=f"Atlassian's OpenAPI is not at {SPEC}")


class Breach(AssertionError):
    """A request or an answer is not as Atlassian describes it."""


class Contract(BaseAdapter):
    """Wraps a transport. `strict`: requests are checked even where the site refuses them.

    `checked` counts what was held against the description, `unknown` what it does not describe; where a
    request meets one of `faults`, the answer is anything.
    """

    def __init__(self, wrapped: BaseAdapter, *, strict: bool = False, faults: Faults | None = None) -> None:
        super().__init__()
        self._wrapped, self._strict, self._faults = wrapped, strict, faults
        self.checked: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        met = len(self._faults.met) if self._faults else 0
        response = self._wrapped.send(request, *args, **kwargs)
        if self._faults and len(self._faults.met) > met:
            return response
        found = _operation(request)
        if found is None:
            self.unknown[f"{request.method} {urlsplit(request.url or '').path}"] += 1
            return response
        pattern, operation = found
        where = f"{request.method} {pattern}"
        self.checked[where] += 1
        if self._strict or response.status_code < 400:
            _check_request(where, pattern, operation, request)
        _check_answer(where, operation, response)
        return response

    def close(self) -> None:
        self._wrapped.close()


def _load() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(SPEC.read_text(encoding="utf-8"))
    # It forbids the members of the very clauses it allows: nothing could ever be one.
    del loaded["components"]["schemas"]["JqlQueryClause"]["additionalProperties"]
    return loaded


_SPEC: dict[str, Any] = _load() if SPEC.exists() else {"paths": {}, "components": {}}
_VALIDATORS: dict[str, Draft202012Validator] = {}


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(path)) + "$")


# Fixed paths go before those with a parameter in the same place.
PATHS = sorted(_SPEC["paths"], key=lambda path: path.count("{"))
OPERATIONS = {
    f"{method.upper()} {path}" for path in PATHS for method in _SPEC["paths"][path] if method != "parameters"
}
_PATTERNS = [(path, _pattern(path)) for path in PATHS]


def _operation(request: PreparedRequest) -> tuple[str, dict[str, Any]] | None:
    path = urlsplit(request.url or "").path
    path = path[path.find("/rest/") :]
    for template, pattern in _PATTERNS:
        operation = _SPEC["paths"][template].get((request.method or "").lower())
        if operation and pattern.match(path):
            return template, operation
    return None


def _validator(name: str, schema: Mapping[str, Any]) -> Draft202012Validator:
    if name not in _VALIDATORS:
        whole = {**schema, "components": _SPEC["components"]}
        _VALIDATORS[name] = Draft202012Validator(whole)
    return _VALIDATORS[name]


def _check_request(where: str, pattern: str, operation: Mapping[str, Any], request: PreparedRequest) -> None:
    described = [*operation.get("parameters", ()), *_SPEC["paths"][pattern].get("parameters", ())]
    known = {one["name"] for one in described if one.get("in") == "query"}
    sent = {name for name, _ in parse_qsl(urlsplit(request.url or "").query, keep_blank_values=True)}
    if sent - known:
        raise Breach(f"{where}: no such parameter: {', '.join(sorted(sent - known))}")
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if request.body and content.get("schema"):
        _hold(f"{where} request", content["schema"], json.loads(request.body))


def _check_answer(where: str, operation: Mapping[str, Any], response: Response) -> None:
    described = operation["responses"].get(str(response.status_code))
    if described is None:
        if response.status_code < 400:
            raise Breach(f"{where}: {response.status_code} is no answer of it")
        return
    schema = described.get("content", {}).get("application/json", {}).get("schema")
    typed = "json" in response.headers.get("Content-Type", "")
    if schema and typed and response.content:
        for answer in _answers(where, _without_nulls(response.json())):
            _hold(f"{where} {response.status_code}", schema, _known_deviation(where, answer))


def _hold(name: str, schema: Mapping[str, Any], instance: Any) -> None:
    for error in _validator(name, schema).iter_errors(instance):
        place = "/".join(map(str, error.absolute_path))
        raise Breach(f"{name}: at {place or 'the top'}: {error.message[:400]}")


def _without_nulls(value: Any) -> Any:
    """The description knows hardly any null, the site sends many: they count as left out."""
    if isinstance(value, dict):
        return {name: _without_nulls(held) for name, held in value.items() if held is not None}
    return [_without_nulls(held) for held in value] if isinstance(value, list) else value


def _answers(where: str, answer: Any) -> list[Any]:
    """The remote links of an issue are a list, and described as one of them."""
    return answer if where.endswith("/remotelink") and isinstance(answer, list) else [answer]


def _known_deviation(where: str, answer: Any) -> Any:
    if where.endswith("/serverInfo"):
        answer.pop("defaultLocale", None)  # sent, and not described
    if where.endswith("/changelog/bulkfetch"):
        for group in answer.get("issueChangeLogs", ()):
            for history in group["changeHistories"]:
                history["created"] = str(history["created"])  # a number, against the description
    return answer
