# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script that takes the needed part out of a vendor's specification."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t

import yaml
from ansible_collections.rollcall.access.tests.conformance.specs.reading import FOLDER

SCRIPT = FOLDER.parents[2] / "scripts/bring_in_specification.py"

OPENAPI: dict[str, t.Any] = {
    "openapi": "3.0.3",
    "info": {"title": "All of it", "version": "7", "description": "long"},
    "servers": [{"url": "https://api.example.com/v1"}],
    "paths": {
        "/users": {
            "get": {
                "summary": "List them",
                "parameters": [{"$ref": "#/components/parameters/limit"}],
                "responses": {"200": {"description": "They", "content": {"application/json": {"schema": {
                    "type": "array", "items": {"$ref": "#/components/schemas/User"}, "example": [1]}}}}},
            },
            "post": {"responses": {"201": {"description": "Made"}}},
        },
        "/tickets": {"get": {"responses": {"200": {"$ref": "#/components/responses/Tickets"}}}},
    },
    "components": {
        "parameters": {"limit": {"in": "query", "name": "limit", "schema": {"type": "integer"}, "description": "Many"}},
        "schemas": {
            "User": {
                "type": "object",
                "required": ["description"],
                "properties": {"description": {"type": "string", "description": "Of the user"},
                               "manager": {"$ref": "#/components/schemas/User"},
                               "mailbox": {"$ref": "#/components/schemas/Mailbox"}},
            },
            "Mailbox": {"type": "object", "properties": {"rules": {"$ref": "#/components/schemas/Rules"}}},
            "Rules": {"type": "array", "items": {}},
        },
    },
}  # fmt: skip

DISCOVERY: dict[str, t.Any] = {
    "kind": "discovery#restDescription",
    "title": "Licensing",
    "version": "v1",
    "baseUrl": "https://licensing.googleapis.com/",
    "parameters": {"fields": {"location": "query", "type": "string"}, "key": {"location": "query", "type": "string"}},
    "resources": {
        "licences": {
            "methods": {
                "insert": {
                    "id": "licensing.insert",
                    "httpMethod": "POST",
                    "path": "licensing/v1/{sku}",
                    "parameters": {"sku": {"location": "path", "required": True, "type": "string"}},
                    "request": {"$ref": "Licence"},
                    "response": {"$ref": "Licence"},
                }
            }
        }
    },
    "schemas": {
        "Licence": {
            "type": "object",
            "properties": {
                "user": {"type": "string", "annotations": {"required": ["licensing.insert"]}},
                "any": {"type": "any"},
            },
        }
    },
}


def bring_in(folder: pathlib.Path, document: t.Any, **order: t.Any) -> subprocess.CompletedProcess[str]:
    (folder / "full.json").write_text(json.dumps(document))
    usual = {"title": "Part", "source": "https://example.com", "version": "7.1", "licence": "MIT"}
    (folder / "example.yml").write_text(yaml.safe_dump({**usual, **order}))
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(folder / "full.json"), str(folder / "example.yml"), "--to", str(folder)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_wanted_operations_come_with_what_they_refer_to_and_nothing_else(tmp_path: pathlib.Path) -> None:
    done = bring_in(
        tmp_path, OPENAPI, operations=["GET /users"], anything=["Mailbox"], settings={"closed": ["request"]}
    )
    assert done.returncode == 0, done.stderr
    part = json.loads((tmp_path / "example.json").read_text())
    assert (part["x-source"], part["x-version"], part["x-licence"]) == ("https://example.com", "7.1", "MIT")
    assert part["x-rollcall-closed"] == ["request"]
    assert list(part["paths"]) == ["/users"]
    assert list(part["paths"]["/users"]) == ["get"]
    assert list(part["components"]["schemas"]) == ["Mailbox", "User"]
    assert part["components"]["schemas"]["Mailbox"] == {}
    assert part["components"]["parameters"]["limit"] == {"in": "query", "name": "limit", "schema": {"type": "integer"}}
    user = part["components"]["schemas"]["User"]
    assert user["properties"]["description"] == {"type": "string"}
    assert user["required"] == ["description"]
    assert "example" not in json.dumps(part["paths"])


def test_an_operation_that_is_not_there_is_told_and_nothing_is_written(tmp_path: pathlib.Path) -> None:
    done = bring_in(tmp_path, OPENAPI, operations=["GET PATCH /users", "GET /people"])
    assert done.returncode != 0
    assert "the specification has no PATCH /users, GET /people" in done.stderr
    assert not (tmp_path / "example.json").exists()


def test_swagger_is_refused_with_what_to_do(tmp_path: pathlib.Path) -> None:
    done = bring_in(tmp_path, {"swagger": "2.0", "paths": {}}, operations=["GET /users"])
    assert done.returncode != 0
    assert "make OpenAPI 3.0 first" in done.stderr


def test_a_discovery_document_becomes_openapi(tmp_path: pathlib.Path) -> None:
    done = bring_in(tmp_path, DISCOVERY, operations=["POST /licensing/v1/{sku}"])
    assert done.returncode == 0, done.stderr
    part = json.loads((tmp_path / "example.json").read_text())
    operation = part["paths"]["/licensing/v1/{sku}"]["post"]
    assert [one["name"] for one in operation["parameters"]] == ["fields", "sku"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"allOf": [{"$ref": "#/components/schemas/Licence"}, {"required": ["user"]}]}
    assert part["components"]["schemas"]["Licence"]["properties"] == {"user": {"type": "string"}, "any": {}}
