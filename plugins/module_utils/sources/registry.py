# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which word for ``type:`` means which class. Named one by one: nothing is imported by a computed name."""

from __future__ import annotations

import difflib
import pathlib
import typing as t

from ..errors import SettingsError
from .adp import Adp
from .bamboohr import BambooHr
from .contract import COMMON_OPTIONS, Source
from .csv_file import CsvFile
from .entra import Entra
from .hibob import HiBob
from .json_file import JsonFile
from .ldap import Ldap
from .okta import Okta
from .personio import Personio
from .rest import Rest
from .rippling import Rippling
from .scim import Scim
from .sql_query import SqlQuery
from .workday import Workday
from .yaml_file import YamlFile

_FILES_AND_DATABASES: tuple[type[Source], ...] = (CsvFile, YamlFile, JsonFile, SqlQuery, Ldap)
_INTERFACES: tuple[type[Source], ...] = (Rest, Scim, BambooHr, Workday, Adp, HiBob, Personio, Rippling, Okta, Entra)

SOURCES: t.Mapping[str, type[Source]] = {source.type: source for source in (*_FILES_AND_DATABASES, *_INTERFACES)}


def source_from(settings: t.Mapping[str, t.Any], base_dir: pathlib.Path, where: str = "sources") -> Source:
    """Return the source that one entry of ``sources:`` describes; ``where`` names the entry in errors.

    Raises SettingsError for a type, or an option, that does not exist, and for one that is missing.
    """
    if not isinstance(settings, t.Mapping):
        raise SettingsError("a source is a mapping with `type` and its options", where=where)
    word = settings.get("type")
    known = ", ".join(sorted(SOURCES))
    if not word:
        raise SettingsError("`type` is missing", where=where, todo=f"It is one of: {known}")
    if not isinstance(word, str) or word not in SOURCES:
        raise SettingsError(f"there is no source of type {word!r}", where=where, todo=f"The types are: {known}")
    source = SOURCES[word]
    allowed = (*COMMON_OPTIONS, *source.options)
    for option in settings:
        if option not in allowed:
            near = difflib.get_close_matches(str(option), allowed, n=1)
            raise SettingsError(
                f"a source of type {word} has no option {option!r}",
                where=where,
                todo=f"Did you mean `{near[0]}`?" if near else f"It has: {', '.join(sorted(allowed))}",
            )
    for option, need in source.options.items():
        if need != "optional" and not settings.get(option):
            raise SettingsError(f"a source of type {word} needs `{option}`", where=where)
    return source(settings, base_dir)
