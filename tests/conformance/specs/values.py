# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values as they come over the wire, and what a schema finds wrong with them."""

from __future__ import annotations

import json
import re
import typing as t

import jsonschema
import jsonschema.exceptions

_MOST = 5


def candidates(given: list[str], separator: str | None) -> t.Iterator[t.Any]:
    """Everything that texts in an address may stand for; one of them has to please the schema."""
    if len(given) == 1:
        yield from _scalars(given[0])
        if separator is not None:
            given = given[0].split(separator)
    yield given
    for kind in (int, float):
        try:
            yield [kind(one) for one in given]
        except ValueError:
            continue


def _scalars(text: str) -> t.Iterator[t.Any]:
    yield text
    if text in ("true", "false"):
        yield text == "true"
    if re.fullmatch(r"-?[0-9]+", text):
        yield int(text)
    elif re.fullmatch(r"-?[0-9]+\.[0-9]+", text):
        yield float(text)


def is_json(mimetype: str) -> bool:
    return mimetype == "application/json" or mimetype.endswith("+json")


def media_of(content: t.Mapping[str, t.Any], mimetype: str) -> t.Any:
    """Return the description of a body of this content type, or None where there is no such."""
    plain = {name.partition(";")[0].strip().lower(): value for name, value in content.items()}
    for name in (mimetype, mimetype.partition("/")[0] + "/*", "*/*"):
        if name in plain:
            return plain[name]
    return None


def json_problems(validator: jsonschema.Draft202012Validator, body: bytes, what: str) -> t.Iterator[str]:
    try:
        value = json.loads(body)
    except ValueError:
        yield f"{what} is not JSON"
        return
    if not validator.is_valid(value):
        for text in schema_problems(validator, value):
            yield f"{what} at {text}"


def schema_problems(validator: jsonschema.Draft202012Validator, value: t.Any) -> list[str]:
    """Return what is wrong with a value, the most telling problems first."""
    errors = list(validator.iter_errors(value))
    # What a branch that does not fit has seen counts as not seen: then every property looks unknown.
    telling = [error for error in errors if error.validator != "unevaluatedProperties"] or errors
    texts = []
    for error in telling[:_MOST]:
        deepest = jsonschema.exceptions.best_match([error]) or error
        texts.append(f"{deepest.json_path}: {deepest.message[:300]}")
    return [*texts, f"and {len(telling) - _MOST} more problems"] if len(telling) > _MOST else texts
