# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schemas of an OpenAPI 3.0 or 3.1 document as JSON Schema 2020-12, once for requests and once for responses.

OpenAPI 3.0 has its own dialect of JSON Schema (https://spec.openapis.org/oas/v3.0.4.html#schema-object): ``nullable``,
a boolean ``exclusiveMinimum``, properties that are only read or only written.
"""

from __future__ import annotations

import re
import typing as t

import jsonschema

Schema = t.Any

_ONE = ("not", "if", "then", "else", "contains", "propertyNames")
_BRANCHES = ("allOf", "anyOf", "oneOf")
_PLAIN = (
    "enum", "const", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength",
    "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "format",
)  # fmt: skip
_TYPES = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})
_FORMATS = jsonschema.FormatChecker(formats=["date-time", "date", "uuid", "email"])


class Schemas:
    """``closed``: an object whose schema lists properties may have no others, unless the schema says that it may."""

    def __init__(self, document: t.Mapping[str, t.Any], *, hidden: str, closed: bool) -> None:
        """``hidden`` marks properties that need not be there: readOnly in a request, writeOnly in a response."""
        self._document = document
        self._hidden = hidden
        self._closed = closed
        self._targets: dict[str, dict[str, t.Any]] = {}

    def validator(self, schema: Schema) -> jsonschema.Draft202012Validator:
        return jsonschema.Draft202012Validator(self.translated(schema), format_checker=_FORMATS)

    def _target(self, reference: str) -> Schema:
        """What a reference points to, translated; itself never closed, as whoever refers to it may add properties.

        It is one and the same object wherever it is referred to, itself included: looking references up while a body is
        validated takes longer than everything else together.
        """
        if reference not in self._targets:
            self._targets[reference] = {}
            translated = self.translated(resolve(self._document, reference), closing=False)
            self._targets[reference].update(translated if isinstance(translated, dict) else {"allOf": [translated]})
        return self._targets[reference]

    def translated(self, schema: Schema, *, closing: bool = True) -> Schema:
        """Return the schema as JSON Schema 2020-12. ``closing`` is false inside allOf and the like, where the
        properties of the other branches count too."""
        if not isinstance(schema, t.Mapping):
            return schema if isinstance(schema, bool) else True
        result: dict[str, t.Any] = {name: schema[name] for name in _PLAIN if name in schema}
        for name, value in schema.items():
            if name == "$ref":
                result.setdefault("allOf", []).append(self._target(value))
            elif name == "properties":
                result[name] = {key: self.translated(one) for key, one in value.items()}
            elif name == "patternProperties":
                result[name] = {key: self.translated(one) for key, one in value.items() if _compiles(key)}
            elif name in ("items", "additionalProperties"):
                result[name] = self.translated(value)
            elif name in _BRANCHES:
                result.setdefault(name, []).extend(self.translated(one, closing=False) for one in value)
            elif name in _ONE:
                result[name] = self.translated(value, closing=False)
            elif name == "pattern" and _compiles(value):
                result[name] = value
            elif name == "type":
                types = [one for one in (value if isinstance(value, list) else [value]) if one in _TYPES]
                if types:
                    result[name] = types
            elif name == "required" and isinstance(value, list):
                result[name] = [one for one in value if not self._is_hidden(schema, one)]
        for bound, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if isinstance(result.get(bound), bool) and result.pop(bound) and limit in result:
                result[bound] = result.pop(limit)
        if schema.get("nullable") is True or schema.get("x-nullable") is True:
            result = _or_null(result)
        if closing and self._closed and self._lists_properties(schema):
            result["unevaluatedProperties"] = False
        return result

    def _is_hidden(self, schema: t.Mapping[str, t.Any], name: str) -> bool:
        found = schema.get("properties", {}).get(name)
        if isinstance(found, t.Mapping) and "$ref" in found:
            found = {**resolve(self._document, found["$ref"]), **found}
        return isinstance(found, t.Mapping) and found.get(self._hidden) is True

    def _lists_properties(self, schema: Schema, seen: frozenset[str] = frozenset()) -> bool:
        if not isinstance(schema, t.Mapping):
            return False
        reference = schema.get("$ref")
        if reference is not None:
            if reference in seen:
                return False
            return self._lists_properties(resolve(self._document, reference), seen | {reference})
        if "discriminator" in schema and not any(schema.get(name) for name in _BRANCHES):
            return False  # a base type: what derives from it has properties that it does not know
        if schema.get("properties"):
            return True
        return any(self._lists_properties(one, seen) for name in _BRANCHES for one in schema.get(name, ()))


def resolve(document: t.Mapping[str, t.Any], reference: str) -> t.Any:
    """Return what ``#/a/b`` points to in the document."""
    if not reference.startswith("#/"):
        raise ValueError(f"the reference {reference!r} leads out of the specification; bring in what it points to")
    found: t.Any = document
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        found = found[int(name)] if isinstance(found, list) else found[name]
    return found


def _or_null(schema: dict[str, t.Any]) -> dict[str, t.Any]:
    if "type" not in schema:
        # Without a type ``nullable`` means nothing in OpenAPI 3.0; vendors write it beside allOf and $ref all the same.
        return {"anyOf": [schema, {"type": "null"}]} if schema else {}
    schema = {**schema, "type": [*schema["type"], "null"]}
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    return schema


def _compiles(pattern: str) -> bool:
    """Patterns are ECMA-262's; one that Python does not know cannot be checked here."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
