# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what YAML says to frozen dataclasses, with every mistake named by where it is."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import types
import typing as t

Path = tuple[t.Union[str, int], ...]


class Problem(t.NamedTuple):
    """A mistake in settings: the way to it (keys and positions), what is wrong, what to do."""

    path: Path
    message: str
    todo: str = ""


T = t.TypeVar("T")

# working out what annotations mean takes longer than all the rest, and a catalog has many apps
_hints: t.Callable[[t.Any], dict[str, t.Any]] = functools.cache(t.get_type_hints)


def shaped(kind: type[T], data: t.Any, path: Path, problems: list[Problem]) -> T:
    """Return ``data`` as the dataclass ``kind``; what is wrong goes to ``problems`` and is left at its default."""
    fields = {field.name: field for field in dataclasses.fields(t.cast(t.Any, kind))}
    if not isinstance(data, t.Mapping):
        problems.append(Problem(path, f"expected settings ({', '.join(fields)}), found {_what(data)}"))
        return kind()
    hints = _hints(kind)
    found: dict[str, t.Any] = {}
    for key, value in data.items():
        if key not in fields:
            near = difflib.get_close_matches(str(key), fields, n=1)
            todo = f"Did you mean `{near[0]}`?" if near else f"It takes: {', '.join(fields)}"
            problems.append(Problem((*path, key), f"there is no setting {key!r} here", todo))
            continue
        before = len(problems)
        shape = _shape(hints[key], value, (*path, key), problems)
        if len(problems) == before:
            found[key] = shape
    return kind(**found)


def _shape(hint: t.Any, value: t.Any, path: Path, problems: list[Problem]) -> t.Any:
    origin, arguments = t.get_origin(hint), t.get_args(hint)
    if hint is t.Any:
        return value
    if origin in (t.Union, types.UnionType):  # only "something or None"
        return None if value is None else _shape(arguments[0], value, path, problems)
    if dataclasses.is_dataclass(hint):
        return shaped(t.cast(t.Any, hint), value, path, problems)
    if origin is tuple:
        elements = value if isinstance(value, list | tuple) else [value]
        return tuple(
            _shape(arguments[0], element, (*path, number) if isinstance(value, list | tuple) else path, problems)
            for number, element in enumerate(elements)
        )
    if isinstance(origin, type) and issubclass(origin, t.Mapping):
        if not isinstance(value, t.Mapping):
            problems.append(Problem(path, f"expected names and their values, found {_what(value)}"))
            return {}
        return {str(k): _shape(arguments[1], v, (*path, k), problems) for k, v in value.items()}
    return _plain(hint, value, path, problems)


def _plain(hint: t.Any, value: t.Any, path: Path, problems: list[Problem]) -> t.Any:
    """Return a text, number or flag. A value that went through a template is a text, whatever it was before."""
    if hint is str and isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    if hint is bool:
        known = {"true": True, "yes": True, "false": False, "no": False}.get(str(value).strip().lower())
        if known is not None:
            return known
    if hint in (int, float) and not isinstance(value, bool):
        try:
            return hint(value)
        except (TypeError, ValueError, OverflowError):  # infinity is no whole number
            pass
    expected = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}[hint]
    problems.append(Problem(path, f"expected {expected}, found {_what(value)}"))
    return value


def _what(value: t.Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, t.Mapping):
        return "a mapping"
    return {str: "a text", bool: "true or false", int: "a number", list: "a list"}.get(type(value), "something else")
