# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Google discovery document as OpenAPI 3.1.

Source: https://developers.google.com/discovery/v1/reference/apis
"""

from __future__ import annotations

import typing as t

#: Parameters of every method that no client of ours has any business with: credentials do not belong into addresses.
_NEVER = frozenset({"access_token", "callback", "key", "oauth_token"})
_PLAIN = ("enum", "format", "pattern", "readOnly")


def openapi_of_discovery(document: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the methods and schemas of a discovery document as OpenAPI.

    A discovery document lists no statuses: 200 is described, and any other may come.
    """
    paths: dict[str, dict[str, t.Any]] = {}
    common = {name: one for name, one in document.get("parameters", {}).items() if name not in _NEVER}
    for method in _methods(document):
        path = "/" + method.get("flatPath", method["path"]).replace("{+", "{")
        paths.setdefault(path, {})[method["httpMethod"].lower()] = _operation(method, common, document["schemas"])
    return {
        "openapi": "3.1.0",
        "info": {"title": document["title"], "version": document["version"]},
        "servers": [{"url": document["baseUrl"]}],
        "paths": paths,
        "components": {"schemas": {name: _schema(one) for name, one in document["schemas"].items()}},
    }


def _methods(node: dict[str, t.Any]) -> t.Iterator[dict[str, t.Any]]:
    yield from node.get("methods", {}).values()
    for resource in node.get("resources", {}).values():
        yield from _methods(resource)


def _operation(method: dict[str, t.Any], common: dict[str, t.Any], schemas: dict[str, t.Any]) -> dict[str, t.Any]:
    parameters = [_parameter(name, one) for name, one in {**common, **method.get("parameters", {})}.items()]
    operation: dict[str, t.Any] = {"parameters": parameters}
    if "request" in method:
        name = method["request"]["$ref"]
        schema = {"allOf": [{"$ref": f"#/components/schemas/{name}"}, *_required(schemas[name], method["id"])]}
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}, "required": True}
    answer: dict[str, t.Any] = {"description": ""}
    if "response" in method:
        schema = {"$ref": f"#/components/schemas/{method['response']['$ref']}"}
        answer["content"] = {"application/json": {"schema": schema}}
    operation["responses"] = {"200": answer, "default": {"description": ""}}
    return operation


def _parameter(name: str, parameter: dict[str, t.Any]) -> dict[str, t.Any]:
    schema = _schema(parameter)
    if parameter.get("repeated"):
        schema = {"type": "array", "items": schema}
    required = {"required": True} if parameter.get("required") is True else {}
    return {"name": name, "in": parameter["location"], **required, "schema": schema}


def _schema(schema: dict[str, t.Any]) -> dict[str, t.Any]:
    if "$ref" in schema:
        return {"$ref": f"#/components/schemas/{schema['$ref']}"}
    result: dict[str, t.Any] = {name: schema[name] for name in _PLAIN if name in schema}
    if schema.get("type", "any") != "any":
        result["type"] = schema["type"]
    if "properties" in schema:
        result["properties"] = {name: _schema(one) for name, one in schema["properties"].items()}
    for name in ("items", "additionalProperties"):
        if name in schema:
            result[name] = _schema(schema[name])
    for name in ("minimum", "maximum"):
        if name in schema and schema.get("type") == "integer":
            result[name] = int(schema[name])
    return result


def _required(schema: dict[str, t.Any], method: str) -> list[dict[str, t.Any]]:
    """What the annotations of a schema's properties demand of the body of one method."""
    names = [
        name
        for name, one in schema.get("properties", {}).items()
        if method in one.get("annotations", {}).get("required", ())
    ]
    return [{"required": names}] if names else []
