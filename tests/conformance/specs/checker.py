# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validates what passes between a connector and a fake against the vendor's own specification.

``reading.py`` says what a specification is.
"""

from __future__ import annotations

import functools
import re
import typing as t
import urllib.parse

import jsonschema

from .reading import read_specification
from .schemas import Schemas, resolve
from .values import candidates, is_json, json_problems, media_of

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class Checker(t.Protocol):
    """One specification."""

    def knows(self, request: t.Any) -> bool:
        """Return whether the address of a werkzeug request is one of the specification's, by whatever method."""

    def problems(self, request: t.Any, response: t.Any) -> list[str]:
        """Return what is wrong with a werkzeug request and its response: method, path, parameters, bodies. A path that
        is not in this specification is a problem too."""


def checker_for(name: str, mounted: str = "") -> Checker:
    """Return the checker of the specification of that name. A fake that serves several of the vendor's hosts on its one
    port mounts each under a prefix, such as ``/licensing``, which comes before the specification's own base."""
    return _checker(name.removesuffix(".json"), mounted.rstrip("/"))


def problems_of(checkers: t.Sequence[Checker], request: t.Any, response: t.Any) -> list[str]:
    """Return what the specifications find wrong with an exchange; an address that none of them knows is one problem."""
    if not checkers:
        return []
    knowing = [checker for checker in checkers if checker.knows(request)] or checkers[:1]
    return [problem for checker in knowing for problem in checker.problems(request, response)]


@functools.cache
def _checker(name: str, mounted: str) -> SpecificationChecker:
    return SpecificationChecker(name, read_specification(name), mounted)


class _Found(t.NamedTuple):
    template: str
    item: t.Mapping[str, t.Any]
    arguments: t.Mapping[str, str]


class SpecificationChecker:
    """See ``Checker``."""

    def __init__(self, name: str, document: dict[str, t.Any], mounted: str = "") -> None:
        self._name = name
        self._document = document
        servers = document.get("servers") or [{"url": ""}]
        base = document.get("x-rollcall-base")
        if base is None:
            base = urllib.parse.urlsplit(servers[0]["url"].replace("{", "").replace("}", "")).path
        self._base = mounted + base.rstrip("/")
        closed = document.get("x-rollcall-closed", ["request"])
        self._statuses = frozenset(document.get("x-rollcall-statuses", [401, 403, 429]))
        self._asked = Schemas(document, hidden="readOnly", closed="request" in closed)
        self._answered = Schemas(document, hidden="writeOnly", closed="response" in closed)
        self._validators: dict[tuple[str, ...], jsonschema.Draft202012Validator] = {}
        # The more letters of its own a template has, the earlier it is tried: /users/me before /users/{id}.
        self._paths = [
            (re.compile(_pattern(template)), template)
            for template in sorted(document["paths"], key=lambda one: (one.count("{"), -len(one)))
        ]

    def knows(self, request: t.Any) -> bool:
        return self._found(request) is not None

    def problems(self, request: t.Any, response: t.Any) -> list[str]:
        what = f"{request.method} {request.full_path.rstrip('?')}"
        found = self._found(request)
        if found is None:
            return [f"{what}: {self._name} has no such address"]
        operation = found.item.get(request.method.lower())
        if operation is None:
            has = ", ".join(method.upper() for method in _METHODS if method in found.item)
            return [f"{what}: {self._name} has no such method at {found.template}, only {has}"]
        where = (found.template, request.method)
        texts = [
            *self._parameter_problems(request, found, operation, where),
            *self._request_body_problems(request, operation, where),
            *self._response_problems(response, operation, where),
        ]
        return [f"{what}: {text} ({self._name})" for text in texts]

    def all_validators(self) -> t.Iterator[jsonschema.Draft202012Validator]:
        """Yield the validator of every body that is described: all of them can be made."""
        for item in self._document["paths"].values():
            for method in _METHODS:
                operation = item.get(method, {})
                described = [(self._asked, operation.get("requestBody", {}))]
                described += [(self._answered, one) for one in operation.get("responses", {}).values()]
                for schemas, one in described:
                    content = (resolve(self._document, one["$ref"]) if "$ref" in one else one).get("content", {})
                    yield from (schemas.validator(media["schema"]) for media in content.values() if "schema" in media)

    def _found(self, request: t.Any) -> _Found | None:
        # As it came over the wire: decoded, an id with a slash in it would be two parts of the path.
        raw = request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or request.path
        path = urllib.parse.urlsplit(raw).path if "://" in raw else raw.partition("?")[0]
        if not path.startswith(self._base + "/"):
            return None
        rest = path[len(self._base) :]
        found = None
        for pattern, template in self._paths:
            match = pattern.fullmatch(rest)
            if match:
                values = map(urllib.parse.unquote, match.groups())
                arguments = dict(zip(_names(template), values, strict=True))
                now = _Found(template, self._document["paths"][template], arguments)
                if request.method.lower() in now.item:
                    return now
                found = found or now
        return found

    # ---- parameters

    def _parameter_problems(
        self, request: t.Any, found: _Found, operation: t.Mapping[str, t.Any], where: tuple[str, ...]
    ) -> t.Iterator[str]:
        parameters = {}
        for one in [*found.item.get("parameters", ()), *operation.get("parameters", ())]:
            parameter = resolve(self._document, one["$ref"]) if "$ref" in one else one
            parameters[parameter["in"], parameter["name"]] = parameter
        known = set()
        for (place, name), parameter in parameters.items():
            if place == "path":
                given = [found.arguments[name]] if name in found.arguments else []
            elif place == "query":
                deep = parameter.get("style") == "deepObject"
                keys = [key for key in request.args if key == name or (deep and key.startswith(f"{name}["))]
                known.update(keys)
                given = [value for key in keys for value in request.args.getlist(key)]
            elif place == "header" and name.lower() not in ("accept", "content-type", "authorization"):
                given = request.headers.getlist(name)
            else:
                continue
            if not given:
                if parameter.get("required"):
                    yield f"the {place} parameter {name!r} is missing"
                continue
            yield from self._value_problems(parameter, given, (*where, place, name))
        for name in request.args:
            if name not in known:
                yield f"no query parameter {name!r} is known"

    def _value_problems(
        self, parameter: t.Mapping[str, t.Any], given: list[str], where: tuple[str, ...]
    ) -> t.Iterator[str]:
        schema = parameter.get("schema")
        if schema is None or parameter.get("style") == "deepObject":
            return
        validator = self._validator(self._asked, schema, where)
        separator = {"pipeDelimited": "|", "spaceDelimited": " "}.get(parameter.get("style", ""), ",")
        form = parameter["in"] == "query" and parameter.get("style", "form") == "form"
        split = not parameter.get("explode", form)
        if not any(validator.is_valid(value) for value in candidates(given, separator if split else None)):
            text = given[0] if len(given) == 1 else given
            yield f"the {where[-2]} parameter {where[-1]!r} may not be {text!r}"

    # ---- bodies

    def _request_body_problems(
        self, request: t.Any, operation: t.Mapping[str, t.Any], where: tuple[str, ...]
    ) -> t.Iterator[str]:
        described = operation.get("requestBody")
        body = request.get_data()
        if described is None:
            if body.strip() not in (b"", b"{}"):
                yield "it has a body, and should have none"
            return
        if "$ref" in described:
            described = resolve(self._document, described["$ref"])
        if not body:
            if described.get("required"):
                yield "it has no body"
            return
        media = media_of(described.get("content", {}), request.mimetype)
        if media is None:
            yield f"its content type is {request.mimetype!r}, not {' or '.join(described.get('content', {}))}"
            return
        if "schema" not in media:
            return
        validator = self._validator(self._asked, media["schema"], (*where, "request", request.mimetype))
        if request.mimetype == "application/x-www-form-urlencoded":
            for text in self._form_problems(body, media["schema"], where):
                yield f"its body: {text}"
        elif is_json(request.mimetype):
            yield from json_problems(validator, body, "its body")

    def _form_problems(self, body: bytes, schema: t.Any, where: tuple[str, ...]) -> t.Iterator[str]:
        while "$ref" in schema:
            schema = resolve(self._document, schema["$ref"])
        fields = urllib.parse.parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        properties = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in fields:
                yield f"the field {name!r} is missing"
        for name, given in fields.items():
            if name not in properties:
                if properties and schema.get("additionalProperties") is not True:
                    yield f"no field {name!r} is known"
                continue
            validator = self._validator(self._asked, properties[name], (*where, "form", name))
            if not any(validator.is_valid(value) for value in candidates(given, None)):
                yield f"the field {name!r} may not be {given!r}"

    def _response_problems(
        self, response: t.Any, operation: t.Mapping[str, t.Any], where: tuple[str, ...]
    ) -> t.Iterator[str]:
        status = str(response.status_code)
        described = operation.get("responses", {})
        found = described.get(status) or described.get(status[0] + "XX") or described.get("default")
        if found is None:
            if response.status_code not in self._statuses and response.status_code < 500:
                yield f"the answer's status is {status}, not one of {', '.join(described)}"
            return
        if "$ref" in found:
            found = resolve(self._document, found["$ref"])
        body = response.get_data()
        if response.status_code in (204, 304) and body:
            yield f"the answer has a body, and status {status}"
            return
        content = found.get("content")
        if not content:
            return
        media = media_of(content, response.mimetype)
        if not body:
            if all("schema" in one for one in content.values()) and response.status_code != 304:
                yield f"the answer with status {status} has no body"
        elif media is None:
            yield f"the answer's content type is {response.mimetype!r}, not {' or '.join(content)}"
        elif "schema" in media and is_json(response.mimetype):
            validator = self._validator(self._answered, media["schema"], (*where, status, response.mimetype))
            yield from json_problems(validator, body, f"the answer with status {status}")

    def _validator(self, schemas: Schemas, schema: t.Any, where: tuple[str, ...]) -> jsonschema.Draft202012Validator:
        if where not in self._validators:
            self._validators[where] = schemas.validator(schema)
        return self._validators[where]


def _pattern(template: str) -> str:
    parts = re.split(r"\{[^}]+\}", template)
    return "([^/]+)".join(re.escape(part) for part in parts)


def _names(template: str) -> list[str]:
    return re.findall(r"\{([^}]+)\}", template)
