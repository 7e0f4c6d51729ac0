# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take the part that the tests need out of a vendor's specification.

    python scripts/bring_in_specification.py <specification> tests/conformance/specs/wanted/<name>.yml

The specification is a JSON or YAML file: OpenAPI 3.0 or 3.1, or a Google discovery document. Of Swagger 2.0 make
OpenAPI 3.0 first: ``npx swagger2openapi``. The order says what is wanted and where it comes from; the part goes to
``tests/conformance/specs/<name>.json``, or where ``--to`` says. ``tests/conformance/specs/README.md`` describes orders.

Texts for people and examples are left out: they make nine tenths of such a file and nothing checks them.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import typing as t

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from google_discovery import openapi_of_discovery

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

#: Below these keys stand names that the vendor chose, not words of OpenAPI.
NAMED = frozenset(
    {"properties", "patternProperties", "schemas", "parameters", "responses", "requestBodies", "content", "mapping"}
)
#: What is kept of everything else: nothing that is only for people, and nothing that the checker does not look at.
KEPT = frozenset(
    {
        "$ref", "additionalProperties", "allOf", "allowReserved", "anyOf", "const", "contains", "content",
        "discriminator", "enum", "exclusiveMaximum", "exclusiveMinimum", "explode", "format", "in", "items", "mapping",
        "maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength", "minProperties", "minimum",
        "multipleOf", "name", "not", "nullable", "oneOf", "parameters", "pattern", "patternProperties", "properties",
        "propertyName", "readOnly", "requestBody", "requestBodies", "required", "responses", "schema", "schemas",
        "style", "type", "uniqueItems", "writeOnly", *METHODS,
    }
)  # fmt: skip
#: Values that are taken as they are.
VERBATIM = frozenset({"enum", "const", "required"})


class Order(t.NamedTuple):
    """What a file in ``wanted/`` says."""

    title: str
    source: str
    version: str
    licence: str
    operations: list[str]
    #: top-level entries that the checker reads: base, closed, statuses
    settings: dict[str, t.Any]
    #: components of which nothing is brought in but the name: anything may stand there
    anything: list[str]


def main() -> int:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("specification", type=pathlib.Path)
    arguments.add_argument("order", type=pathlib.Path)
    arguments.add_argument("--to", type=pathlib.Path, help="the folder that the part is written to")
    given = arguments.parse_args()
    order = Order(**{"settings": {}, "anything": [], **yaml.safe_load(given.order.read_text(encoding="utf-8"))})
    part = part_of(_read(given.specification), order)
    target = (given.to or given.order.resolve().parent.parent) / f"{given.order.stem}.json"
    # ASCII alone: quotation marks as printers set them and the like are no use in a file of tests.
    target.write_text(json.dumps(part, indent=1, ensure_ascii=True) + "\n", encoding="utf-8")
    print(f"{target}: {len(part['paths'])} paths, {target.stat().st_size // 1024} KiB")
    return 0


def part_of(document: dict[str, t.Any], order: Order) -> dict[str, t.Any]:
    """Return the wanted operations of an OpenAPI document with everything that they refer to.

    Raises SystemExit where an operation is not in the document.
    """
    if document.get("kind") == "discovery#restDescription":
        document = openapi_of_discovery(document)
    if not str(document.get("openapi", "")).startswith("3."):
        raise SystemExit("this is neither OpenAPI 3 nor a discovery document; of Swagger 2.0 make OpenAPI 3.0 first")
    paths: dict[str, t.Any] = {}
    missing = []
    for line in order.operations:
        *methods, path = line.split()
        item = document["paths"].get(path, {})
        for method in methods:
            if method.lower() not in item:
                missing.append(f"{method} {path}")
                continue
            here = paths.setdefault(path, {})
            if "parameters" in item:
                here["parameters"] = _reduced(item["parameters"])
            here[method.lower()] = _reduced(item[method.lower()])
    if missing:
        raise SystemExit("the specification has no " + ", ".join(missing))
    part = {
        "openapi": document["openapi"],
        "info": {"title": order.title, "version": str(document["info"]["version"])},
        "x-source": order.source,
        "x-version": order.version,
        "x-licence": order.licence,
        **{f"x-rollcall-{name}": value for name, value in order.settings.items()},
        "servers": [{"url": one["url"]} for one in document.get("servers", [])[:1]],
        "paths": paths,
    }
    part["components"] = _components(document, paths, order.anything)
    return part


def _components(document: dict[str, t.Any], paths: t.Any, anything: list[str]) -> dict[str, t.Any]:
    components: dict[str, t.Any] = {}
    left = _references(paths)
    while left:
        reference = left.pop()
        parts = reference.removeprefix("#/").split("/")
        if not reference.startswith("#/components/") or len(parts) < 3:
            raise SystemExit(f"the reference {reference} is not to a component; put what it points to there first")
        kind, name = parts[1], parts[2].replace("~1", "/").replace("~0", "~")
        if name in components.setdefault(kind, {}):
            continue
        found = {} if name in anything else _reduced(document["components"][kind][name])
        components[kind][name] = found
        left.extend(_references(found))
    return {kind: dict(sorted(named.items())) for kind, named in sorted(components.items())}


def _reduced(value: t.Any, named: bool = False) -> t.Any:
    """Return the value without what nobody checks. ``named``: its keys are names, and all of them are kept."""
    if isinstance(value, list):
        return [_reduced(one) for one in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for key, one in value.items():
        if named:
            result[key] = _reduced(one)
        elif key in VERBATIM:
            result[key] = one
        elif key in KEPT:
            result[key] = _reduced(one, named=key in NAMED and isinstance(one, dict))
    for response in result.get("responses", {}).values() if not named else ():
        if "$ref" not in response:
            response["description"] = ""  # OpenAPI wants one
    return result


def _references(value: t.Any) -> list[str]:
    if isinstance(value, list):
        return [reference for one in value for reference in _references(one)]
    if not isinstance(value, dict):
        return []
    found = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    if isinstance(value.get("discriminator"), dict):
        found += [one for one in value["discriminator"].get("mapping", {}).values() if one.startswith("#/")]
    return found + [reference for one in value.values() for reference in _references(one)]


def _read(path: pathlib.Path) -> dict[str, t.Any]:
    text = path.read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = json.loads(text) if path.suffix == ".json" else yaml.load(text, Loader=loader)
    if not isinstance(document, dict):
        raise SystemExit(f"{path} holds no specification")
    return document


if __name__ == "__main__":
    sys.exit(main())
