# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks a file against its published JSON Schema, in our words and with the line."""

from __future__ import annotations

import functools
import json
import pathlib
import re
import typing as t

from ..errors import SettingsError
from ..libraries import library
from .problems import Problems, did_you_mean
from .yaml_lines import Document, Path

jsonschema = library("jsonschema")

# The collection's own folder; this file is four floors above it.
_SCHEMAS = pathlib.Path(__file__).resolve().parents[3] / "schemas"

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}
# What is below these keys may be a secret and is never shown.
_HIDDEN = frozenset({"connection"})


def load_schema(name: str) -> dict[str, t.Any]:
    """Return the published schema: catalog, policy, exceptions, locks, requests or rollcall."""
    path = _SCHEMAS / f"{name}.json"
    try:
        schema: dict[str, t.Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            "a JSON Schema of the collection cannot be read", where=str(path), todo="Install the collection again"
        ) from error
    return schema


@functools.cache
def _validator(name: str) -> t.Any:
    schema = load_schema(name)
    if name == "policy":
        # Conditions have a reader of their own (conditions.py), with better words for what is wrong.
        schema["definitions"]["condition"] = {}
    return jsonschema.Draft7Validator(schema)


def check_schema(document: Document, name: str, problems: Problems) -> bool:
    """Add everything in which ``document`` differs from the schema ``name``; return whether it differs in nothing."""
    before = len(problems.findings)
    errors = _validator(name).iter_errors(document.value)
    for error in sorted(errors, key=lambda error: [str(step).rjust(9) for step in error.absolute_path]):
        _translate(error, document, problems)
    return len(problems.findings) == before


def _translate(error: t.Any, document: Document, problems: Problems) -> None:
    path: Path = tuple(error.absolute_path)
    name = f'"{path[-1]}"' if path and isinstance(path[-1], str) else "this"
    kind, expected = error.validator, error.validator_value
    if kind == "additionalProperties":
        known = error.schema.get("properties", {})
        for key in error.instance:
            if key not in known:
                problems.error(
                    "unknown_key", f'unknown key "{key}"', document.origin((*path, key)), did_you_mean(key, known)
                )
        return
    if "propertyNames" in error.absolute_schema_path:
        text = error.schema.get("patternErrorMessage", "a text")
        problems.error(
            "wrong_key",
            f'"{error.instance}" cannot be a key; expected {text}',
            document.origin((*path, error.instance)),
        )
        return
    if kind == "required":
        # One error comes for each key that is missing.
        missing = next(key for key in expected if error.message.startswith(repr(key)))
        problems.error("missing_key", f'the key "{missing}" is missing', document.origin(path))
        return
    if kind == "anyOf" and all("required" in choice for choice in expected):
        keys = ", ".join(f'"{key}"' for choice in expected for key in choice["required"])
        problems.error("missing_key", f"at least one of the keys {keys} is needed", document.origin(path))
        return
    if kind == "dependencies":
        key, others = next(
            (one, expected[one]) for one in expected if error.message.endswith(f"a dependency of {one!r}")
        )
        problems.error(
            "missing_key",
            f'"{key}" goes with "{others[0]}", which is missing',
            document.origin((*path, key)),
        )
        return
    message, todo = _value(error, name, hidden=bool(_HIDDEN & set(path)))
    problems.error("wrong_value", message, document.origin(path), todo)


def _value(error: t.Any, name: str, *, hidden: bool) -> tuple[str, str]:
    kind, expected, found = error.validator, error.validator_value, error.instance
    shown = "something else" if hidden else describe(found)
    if kind == "type":
        types = [expected] if isinstance(expected, str) else expected
        todo = ""
        form = error.schema.get("patternErrorMessage")
        if "string" in types and form and not isinstance(found, (dict, list)) and not _has_form(found, error.schema):
            return f"{name} must be {form}; found {shown}", ""
        if "string" in types and isinstance(found, int | float):
            todo = (
                f'Put it in quotes: "{str(found).lower() if isinstance(found, bool) else found}"' if not hidden else ""
            )
        elif types == ["array"] and isinstance(found, str) and not hidden:
            todo = f"Write it as a list: [{found}]"
        return f"{name} must be {' or '.join(_TYPES[one] for one in types)}, found {shown}", todo
    if kind == "enum":
        todo = did_you_mean(found, expected) if isinstance(found, str) else ""
        return f"{name} must be one of {', '.join(map(str, expected))}; found {shown}", todo
    if kind == "const":
        return f"{name} must be {expected}, found {shown}", ""
    if kind in ("pattern", "format"):
        return f"{name} must be {error.schema.get('patternErrorMessage', 'of another form')}; found {shown}", ""
    if kind in ("minItems", "minLength", "minProperties"):
        return f"{name} must have at least {expected} in it" if expected > 1 else f"{name} must not be empty", ""
    if kind == "uniqueItems":
        return f"{name} has something twice", ""
    if kind in ("minimum", "maximum"):
        return f"{name} must be {'at least' if kind == 'minimum' else 'at most'} {expected}, found {shown}", ""
    return f"{name} cannot be {shown}", ""


def _has_form(value: t.Any, schema: t.Mapping[str, t.Any]) -> bool:
    """Return whether ``value`` in quotes would be what the schema wants."""
    return value is not None and re.search(schema.get("pattern", ""), str(value)) is not None


def describe(value: t.Any) -> str:
    """Return a value of a file in words, short enough for a message."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    return f'"{value}"' if len(value) <= 80 else f'"{value[:77]}..."'
