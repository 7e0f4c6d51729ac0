# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filling ``{placeholders}`` in paths, parameters and bodies with values that are data, whatever is in them.

``{email}`` alone is the value itself, of its own type; within a text it is put in as text. ``{email|json}`` and the
other filters escape it for the language around it. A key of a mapping, or an element of a list, whose whole value is
one placeholder that has nothing is left out: an empty text never overwrites what is there. So is an element of a list
whose placeholders all have nothing: of ``[{type: work, value: "{email}"}]``, a type without an address means nothing.
"""

from __future__ import annotations

import json
import re
import typing as t
import urllib.parse

_PLACEHOLDER = re.compile(r"\{([a-z_]+(?:\.[A-Za-z0-9_@-]+)*)(?:\|([a-z]+))?\}")

Values = t.Mapping[str, t.Any]


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _doubled(text: str) -> str:
    return text.replace("'", "''")


def _backslashed(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')


def _quoted(text: str) -> str:
    # "." and ".." would be taken for steps of the path
    return urllib.parse.quote(text, safe="") if text not in (".", "..") else text.replace(".", "%2E")


def _number(text: str) -> t.Any:
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else text


#: For the inside of: a JSON string (SCIM and Okta filters), an OData or SQL string, a SOQL string, a URL. And: in lower
#: case; a number, for interfaces that do not take the text of one.
FILTERS: t.Mapping[str, t.Callable[[str], t.Any]] = {
    "json": _json,
    "odata": _doubled,
    "soql": _backslashed,
    "url": _quoted,
    "lower": str.lower,
    "number": _number,
}

_NOTHING = object()


def filled_path(path: str, values: Values) -> str:
    """Return a path with every value quoted, so that none can become another step of it. Raises KeyError."""

    def put(found: re.Match[str]) -> str:
        return _quoted(_text(_filtered(_value(found[1], values), found[2])))

    return _PLACEHOLDER.sub(put, path)


def filled(template: t.Any, values: Values) -> t.Any:
    """Return a body, or parameters, with the values put in. Raises KeyError for a placeholder that has no meaning."""
    result = _filled(template, values)
    return None if result is _NOTHING else result


def _filled(template: t.Any, values: Values) -> t.Any:
    if isinstance(template, str):
        whole = _PLACEHOLDER.fullmatch(template)
        if whole:
            value = _value(whole[1], values)
            return _NOTHING if value in ("", None) else _filtered(value, whole[2])
        return _PLACEHOLDER.sub(lambda found: _text(_filtered(_value(found[1], values), found[2])), template)
    if isinstance(template, t.Mapping):
        pairs = {key: _filled(value, values) for key, value in template.items()}
        kept = {key: value for key, value in pairs.items() if value is not _NOTHING}
        return kept if kept or not pairs else _NOTHING
    if isinstance(template, list | tuple):
        elements = [_NOTHING if _is_empty(element, values) else _filled(element, values) for element in template]
        kept_elements = [element for element in elements if element is not _NOTHING]
        return kept_elements if kept_elements or not elements else _NOTHING
    return template


def _is_empty(element: t.Any, values: Values) -> bool:
    """Return whether an object in a list has placeholders, and nothing for any of them."""
    names = [name for name, _which in placeholders_in(element)] if isinstance(element, t.Mapping) else []
    return bool(names) and all(_value(name, values) in ("", None) for name in names)


def placeholders_in(template: t.Any) -> list[tuple[str, str]]:
    """Return every placeholder of a template with its filter ("" for none), in order."""
    if isinstance(template, str):
        return [(name, which or "") for name, which in _PLACEHOLDER.findall(template)]
    if isinstance(template, t.Mapping):
        return [pair for value in template.values() for pair in placeholders_in(value)]
    if isinstance(template, list | tuple):
        return [pair for element in template for pair in placeholders_in(element)]
    return []


def _value(path: str, values: Values) -> t.Any:
    first, *rest = path.split(".")
    if first not in values:
        raise KeyError(path)
    value = values[first]
    for name in rest:
        value = value.get(name) if isinstance(value, t.Mapping) else None
    return value


def _filtered(value: t.Any, which: str | None) -> t.Any:
    return FILTERS[which](_text(value)) if which else value


def _text(value: t.Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
