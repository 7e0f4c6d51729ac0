# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The YAML files of one directory, checked against their schema."""

from __future__ import annotations

import datetime as dt
import pathlib
import re
import types
import typing as t

from ..errors import PolicyError
from ..model import Origin
from .problems import Problems
from .schema import check_schema
from .yaml_lines import Document, Path, load_document


def read_directory(
    directory: str | pathlib.Path, schema: str, problems: Problems, *, required: bool
) -> t.Iterator[tuple[Document, bool]]:
    """Yield every file of ``directory`` and below, in the order of their names, with whether the schema holds.

    ``directory`` may be a file itself. Hidden files, and files that are neither .yml nor .yaml, are left alone. Files
    that are no YAML are noted and left out. ``required``: a directory that is not there, or holds no file, is an error.
    """
    root = pathlib.Path(directory)
    if not root.exists():
        if required:
            problems.error("not_there", "there is no such directory", str(directory), "See `rollcall.yml` for its name")
        return
    paths = [root] if root.is_file() else sorted(path for path in root.rglob("*.y*ml") if _counts(path, root))
    if required and not paths:
        problems.error("not_there", "there is no .yml file in this directory", str(directory))
    for path in paths:
        try:
            document = load_document(path)
        except PolicyError as error:
            problems.findings.extend(error.findings)
            continue
        if document.value is None:  # an empty file, or only comments
            continue
        yield document, check_schema(document, schema, problems)


def _counts(path: pathlib.Path, root: pathlib.Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
    return path.suffix in (".yml", ".yaml") and path.is_file() and not hidden


class Definitions:
    """Where each thing was defined, so that a second definition can be refused with both places."""

    def __init__(self, what: str, problems: Problems) -> None:
        self.what = what
        self.problems = problems
        self.origins: dict[str, Origin] = {}

    def add(self, key: str, origin: Origin, todo: str = "Take one of the two away, or give it another name") -> bool:
        """Note ``key``; return whether it is the first of its name."""
        first = self.origins.setdefault(key, origin)
        if first is origin:
            return True
        message = f'{self.what} "{key}" is defined twice; the first time at {first}'
        self.problems.error("defined_twice", message, origin, todo)
        return False


def mapping(value: t.Any) -> dict[str, t.Any]:
    """Return ``value`` if it is a mapping, else an empty one: what it is instead has been said by the schema."""
    return value if isinstance(value, dict) else {}


def sequence(value: t.Any) -> list[t.Any]:
    """Return ``value`` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text_of(value: t.Any) -> str:
    """Return ``value`` without space around it if it is a text, else an empty one."""
    return value.strip() if isinstance(value, str) else ""


def texts_of(value: t.Any) -> tuple[str, ...]:
    """Return the texts of a list, without those that are blank."""
    return tuple(text for one in sequence(value) if (text := text_of(one)))


def text_map_of(value: t.Any) -> t.Mapping[str, str]:
    """Return the texts of a mapping by their keys; a number counts as its text."""
    found = {name: str(one).strip() for name, one in mapping(value).items() if isinstance(one, (str, int))}
    return types.MappingProxyType(found)


def day_at(document: Document, path: Path, problems: Problems) -> dt.date | None:
    """Return the day at ``path``; None where it is none, which is noted unless the schema has said so."""
    value = document.at(path)
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return None
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        problems.error("wrong_value", f'"{path[-1]}": there is no day {value}', document.origin(path))
        return None
