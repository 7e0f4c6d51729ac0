# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX 24 refuses, as awx/api/serializers.py, awx/api/views and awx/main/fields.py have it (read, not copied)."""

# pylint: disable=unidiomatic-typecheck
from __future__ import annotations

import re
import typing as t

import dateutil.rrule
import jinja2
import jinja2.sandbox

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
BLOCKED = {"VIRTUAL_ENV", "PATH", "PYTHONPATH", "JOB_ID", "INVENTORY_ID", "REST_API_TOKEN", "CACHE", "AWX_HOST"}
ENCRYPTED = "$encrypted$"

#: By notification type: the fields without a default, and those with one. A list must not be empty.
NOTIFICATIONS: t.Mapping[str, tuple[dict[str, type], dict[str, t.Any]]] = {
    "email": (
        {
            "host": str,
            "port": int,
            "username": str,
            "password": str,
            "use_tls": bool,
            "use_ssl": bool,
            "sender": str,
            "recipients": list,
        },
        {"timeout": 30},
    ),
    "slack": ({"token": str, "channels": list}, {}),
    "webhook": (
        {"url": str, "headers": dict},
        {"http_method": "POST", "disable_ssl_verification": False, "username": "", "password": ""},
    ),
}


class Refusal(Exception):
    """AWX's answer to what it does not take: the status and the body."""

    def __init__(self, body: t.Any, status: int = 400) -> None:
        super().__init__(str(body))
        self.body, self.status = body, status


def credential_type(values: t.Mapping[str, t.Any]) -> None:
    inputs, injectors = values["inputs"], values["injectors"]
    _only(inputs, {"fields", "required"}, "inputs")
    known = []
    for field in inputs.get("fields", []):
        _only(
            field, {"type", "format", "choices", "id", "label", "help_text", "multiline", "secret", "default"}, "inputs"
        )
        if not VARIABLE.fullmatch(field.get("id", "")) or not isinstance(field.get("label"), str):
            raise Refusal({"inputs": [f"{field.get('id')!r} is an invalid variable name, or there is no label"]})
        if field["id"] == "tower" or field["id"] in known:
            raise Refusal({"inputs": [f"{field['id']} is reserved, or there twice"]})
        if field.get("type", "string") not in ("string", "boolean"):
            raise Refusal({"inputs": [f"{field['type']!r} is not one of string, boolean"]})
        known.append(field["id"])
    _only(injectors, {"env", "file", "extra_vars"}, "injectors")
    files = injectors.get("file", {})
    names = [re.fullmatch(r"template(?:\.([A-Za-z_][A-Za-z0-9_]*))?", name) for name in files]
    if not all(names) or ("template" in files and len(files) > 1):
        raise Refusal({"injectors": ["files are `template`, or several `template.name`"]})
    filename: t.Any = "a file" if "template" in files else {name[1]: "a file" for name in names if name}
    namespace = {**dict.fromkeys(known, "EXAMPLE"), "tower": {"filename": filename}}
    for name, value in injectors.get("env", {}).items():
        if name.startswith("ANSIBLE_") or name in BLOCKED or not VARIABLE.fullmatch(name) or not value.isascii():
            raise Refusal({"injectors": [f"Environment variable {name} is not allowed to be used in credentials."]})
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    for part in ("env", "file", "extra_vars"):
        for name, template in injectors.get(part, {}).items():
            try:
                environment.from_string(template).render(namespace)
            except jinja2.TemplateError as error:
                raise Refusal({"injectors": [f"{name} uses an undefined field ({error})"]}) from error


def credential(values: t.Mapping[str, t.Any], type: t.Mapping[str, t.Any]) -> None:
    if values["organization"] is None:
        raise Refusal({"detail": "Missing 'user', 'team', or 'organization'."})
    known = {field["id"] for field in type["inputs"].get("fields", [])}
    for name, value in values["inputs"].items():
        if name not in known:
            raise Refusal({"inputs": [f"Additional properties are not allowed ({name!r} was unexpected)"]})
        if not isinstance(value, str):
            raise Refusal({"inputs": {name: [f"{value!r} is not of type 'string'"]}})


def secret_fields(type: t.Mapping[str, t.Any]) -> set[str]:
    return {field["id"] for field in type["inputs"].get("fields", []) if field.get("secret")}


def notification(values: dict[str, t.Any]) -> None:
    if values["notification_type"] not in NOTIFICATIONS:
        raise Refusal({"notification_type": [f'"{values["notification_type"]}" is not a valid choice.']})
    needed, usual = NOTIFICATIONS[values["notification_type"]]
    given = values["notification_configuration"] = {**usual, **values["notification_configuration"]}
    missing = sorted(needed.keys() - given.keys())
    wrong = [name for name, kind in needed.items() if name in given and type(given[name]) is not kind]
    empty = [name for name, kind in needed.items() if kind is list and not given.get(name)]
    if missing or wrong or empty:
        raise Refusal([f"Missing: {missing}. Incorrect type: {wrong}. No values: {empty}"])


def schedule(values: t.Mapping[str, t.Any], launched: t.Mapping[str, t.Any]) -> None:
    rule = values["rrule"]
    parts = re.findall(r"RULE:\S*", rule)
    if len(re.findall(r"DTSTART(?:;[^:]+)?:[0-9]+T[0-9]+Z?", rule)) != 1 or not parts or "DATE:" in rule:
        raise Refusal({"rrule": ["Valid DTSTART required in rrule, and one or more rules"]})
    if any("INTERVAL" not in part or "SECONDLY" in part for part in parts):
        raise Refusal({"rrule": ["INTERVAL required in rrule"]})
    try:
        dateutil.rrule.rrulestr(rule)
    except ValueError as error:
        raise Refusal({"rrule": [f"rrule parsing failed validation: {error}"]}) from error
    saved_launch(values, launched)


def saved_launch(values: t.Mapping[str, t.Any], launched: t.Mapping[str, t.Any], required: bool = True) -> None:
    """Of a schedule or a node: it answers the survey's required questions, and brings nothing that is not asked."""
    spec = launched["survey_spec"]["spec"] if launched.get("survey_enabled") and launched.get("survey_spec") else []
    asked = {question["variable"]: question for question in spec}
    missing = [name for name, question in asked.items() if question["required"] and name not in values["extra_data"]]
    if required and missing:
        raise Refusal({"extra_data": [f"'{name}' value missing" for name in missing]})
    if not launched.get("ask_variables_on_launch") and values["extra_data"].keys() - asked.keys():
        raise Refusal({"extra_data": ["Variables are not allowed on launch."]})


SURVEY_TYPES: t.Mapping[str, type] = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": float,
}


def survey(spec: t.Any) -> None:
    if not isinstance(spec, dict) or {"name": str, "description": str, "spec": list} != {
        key: type(value) for key, value in spec.items()
    }:
        raise Refusal({"error": "a survey has name, description and spec"})
    if not spec["spec"]:
        raise Refusal({"error": "'spec' doesn't contain any items."})
    seen = set()
    for number, question in enumerate(spec["spec"]):
        where = f"survey question {number}"
        for key, kind in (("type", str), ("question_name", str), ("variable", str), ("required", bool)):
            if not isinstance(question.get(key), kind):
                raise Refusal({"error": f"'{key}' missing from {where}, or of another type"})
        _only(
            question,
            {
                "type",
                "question_name",
                "question_description",
                "variable",
                "required",
                "default",
                "min",
                "max",
                "choices",
            },
            where,
        )
        if question["variable"] in seen or question["type"] not in SURVEY_TYPES:
            raise Refusal({"error": f"variable or type of {where}"})
        seen.add(question["variable"])
        default = question.get("default", "")
        if default != "" and not isinstance(default, SURVEY_TYPES[question["type"]]):
            raise Refusal({"error": f"Default value {default} in {where} expected to be {question['type']}."})
        if any(question.get(limit) is not None and type(question[limit]) is not int for limit in ("min", "max")):
            raise Refusal({"error": f"The limits in {where} expected to be integer."})
        if question["type"] in ("multiplechoice", "multiselect"):
            if not question.get("choices"):
                raise Refusal({"error": f"{where} must specify choices."})
            if default not in ("", *question["choices"]):
                raise Refusal({"error": "Default choice must be answered from the choices listed."})


def _only(value: t.Any, known: set[str], where: str) -> None:
    if not isinstance(value, dict) or value.keys() - known:
        raise Refusal({where: [f"Additional properties are not allowed: {value!r}"]})
