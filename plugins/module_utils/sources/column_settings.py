# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the settings of a source over HTTP say of columns: ``columns``, ``attributes`` and ``without``."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import SettingsError
from .columns import check_column
from .mapping import ALIASES, FIELDS

_NEEDED = frozenset({"id"})  # what no company can do without

Settings = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True, slots=True)
class ColumnSettings:
    """``columns``: our field -> where a record has it; ``mapped``: those of them that the settings name.

    ``attributes``: name -> where a record has it. ``settings``: those of the source, as the mapping has to read them.
    """

    columns: dict[str, str]
    mapped: dict[str, str]
    attributes: dict[str, str]
    settings: Settings


def column_settings(settings: Settings, fields: t.Mapping[str, str], where: str) -> ColumnSettings:
    """Read the settings of a source whose product has ``fields``. Raises SettingsError."""
    mapped: dict[str, str] = {}
    given = settings.get("columns")
    if isinstance(given, t.Mapping):
        renamed: dict[t.Any, t.Any] = {}
        for field, column in given.items():
            ours = ALIASES.get(str(field), str(field))
            mapped[ours] = check_column(column, where, f"columns: {field}")
            # Records come out under our own names, so that is what the mapping has to find.
            renamed[field] = ours if ours in FIELDS else column
        settings = {**settings, "columns": renamed}
    unused = _unused(settings.get("without") or [], fields, mapped, where)
    columns = {field: column for field, column in {**fields, **mapped}.items() if field not in unused}
    return ColumnSettings(columns, mapped, _attributes(settings.get("attributes") or {}, where), settings)


def _attributes(given: t.Any, where: str) -> dict[str, str]:
    if not isinstance(given, t.Mapping):
        raise SettingsError("`attributes` is a mapping of a name to a column", where=where)
    for name in given:
        if name in FIELDS or name in ALIASES:
            todo = "Map it under `columns`"
            raise SettingsError(f"`attributes: {name}` is a field of ours", where=where, todo=todo)
    return {str(name): check_column(column, where, f"attributes: {name}") for name, column in given.items()}


def _unused(given: t.Any, fields: t.Mapping[str, str], mapped: t.Mapping[str, str], where: str) -> frozenset[str]:
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list | tuple):
        raise SettingsError("`without` is a list of our fields", where=where)
    unused = frozenset(ALIASES.get(str(name), str(name)) for name in names)
    for field in sorted(unused):
        if field in mapped and field not in _NEEDED:
            raise SettingsError(f"`columns` maps {field}, and `without` leaves it out", where=where)
        if field not in fields or field in _NEEDED:
            todo = f"It has: {', '.join(sorted(fields.keys() - _NEEDED))}"
            raise SettingsError(f"`without: {field}` is nothing that can be left out", where=where, todo=todo)
    return unused
