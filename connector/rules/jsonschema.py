"""The JSON Schema of rule documents, made from the forms that read them: for completion in editors.

It is a help while typing; `accord validate` is what decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.rules.actions import ActionForm
from connector.rules.agreements import AgreementForm, AppliesToForm, ChooseOneForm, ValidForm
from connector.rules.calendars import CalendarForm
from connector.rules.conditions import OPERATORS
from connector.rules.derives import DeriveForm, RowForm
from connector.rules.documents import FORMS
from connector.rules.measures import ObjectiveForm
from connector.rules.money import CapForm, CreditsForm, ReviewForm
from connector.rules.objectives import BandForm, CreditForm, ExcludeForm
from connector.rules.parts import PackageForm
from connector.rules.reading import Form
from connector.rules.schema import IS_CONDITION
from connector.rules.targets import AfterForm, EntryForm, MeasuredByForm, TargetForm

DOCUMENTS: Mapping[str, type[Form]] = {
    "agreement": AgreementForm,
    "calendar": CalendarForm,
    "derive": DeriveForm,
    "package": PackageForm,
    **FORMS,
}
# What stands below a key: one form, a list of rows of it, or a mapping from names to it.
ONE: Mapping[type[Form], Mapping[str, type[Form]]] = {
    AgreementForm: {
        "applies_to": AppliesToForm,
        "valid": ValidForm,
        "choose_one": ChooseOneForm,
        "credits": CreditsForm,
        "review": ReviewForm,
    },
    TargetForm: {"after": AfterForm, "measured_by": MeasuredByForm},
    ObjectiveForm: {"credit": CreditForm},
}
ROWS: Mapping[type[Form], Mapping[str, type[Form]]] = {
    AgreementForm: {"exclude": ExcludeForm},
    DeriveForm: {"from": RowForm},
    TargetForm: {"within": EntryForm},
    ObjectiveForm: {"exclude": ExcludeForm, "missed": ActionForm},
    CreditsForm: {"cap": CapForm},
    CreditForm: {"bands": BandForm},
}
NAMED: Mapping[type[Form], Mapping[str, type[Form]]] = {
    AgreementForm: {"targets": TargetForm, "objectives": ObjectiveForm},
    PackageForm: {"targets": TargetForm, "objectives": ObjectiveForm},
}
_CONDITION = {"$ref": "#/$defs/condition"}


def rules_schema() -> dict[str, Any]:
    """The schema of one rule document."""
    definitions: dict[str, Any] = {"condition": _condition()}
    for form in _all_forms():
        definitions |= _definitions(form)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Accord rule document",
        "anyOf": [{"$ref": _ref(form)} for form in DOCUMENTS.values()],
        "$defs": definitions,
    }


def _all_forms() -> Iterator[type[Form]]:
    yield from DOCUMENTS.values()
    for table in (ONE, ROWS, NAMED):
        for below in table.values():
            yield from below.values()


def _ref(form: type[Form]) -> str:
    return f"#/$defs/{form.__name__}"


def _definitions(form: type[Form]) -> dict[str, Any]:
    schema = form.model_json_schema()
    keys = schema["properties"]
    for key, value in keys.items():
        if IS_CONDITION in value:
            keys[key] = _CONDITION | _said(value)
    for key, below in ONE.get(form, {}).items():
        keys[key] = {"$ref": _ref(below)} | _said(keys[key])
    for key, below in ROWS.get(form, {}).items():
        keys[key] = {"type": "array", "items": {"$ref": _ref(below)}} | _said(keys[key])
    for key, below in NAMED.get(form, {}).items():
        keys[key] = {"type": "object", "additionalProperties": {"$ref": _ref(below)}} | _said(keys[key])
    if form is TargetForm:
        actions = {"type": ["array", "null"], "items": {"$ref": _ref(ActionForm)}}
        keys["on"] = {"type": "object", "additionalProperties": actions} | _said(keys["on"])
    schema["required"] = sorted({*schema.get("required", ()), *form.needs})
    return {**schema.pop("$defs", {}), form.__name__: schema}


def _said(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": schema["description"]} if "description" in schema else {}


def _condition() -> dict[str, Any]:
    scalar: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
    value = {"anyOf": [scalar, {"type": "array", "items": scalar}]}
    test = {"type": "object", "properties": dict.fromkeys(OPERATORS, value), "additionalProperties": False}
    several = {"type": "array", "items": _CONDITION, "minItems": 1}
    return {
        "type": "object",
        "description": "field → test; several must all hold; any, all and not combine",
        "properties": {"any": several, "all": several, "not": _CONDITION},
        "additionalProperties": {"anyOf": [*value["anyOf"], test]},
    }
