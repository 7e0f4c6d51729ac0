# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the fake of AWX writes down what an object has."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Field:
    """``kind`` is text, number, flag, dict, json (a text that holds a mapping), or the endpoint of what it names."""

    kind: str
    required: bool = False
    default: t.Any = None
    choices: tuple[t.Any, ...] = ()
    least: int = 0


@dataclasses.dataclass(frozen=True)
class Kind:
    """One endpoint. ``unique`` fields tell two objects apart; ``passed_over`` are fields that AWX takes and ignores."""

    type: str
    fields: t.Mapping[str, Field]
    unique: tuple[str, ...] = ("name",)
    relations: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    passed_over: frozenset[str] = frozenset()
    roles: tuple[str, ...] = ()
    name: str = "name"


def text(**options: t.Any) -> Field:
    return Field("text", **{"default": "", **options})


def number(default: int = 0, **options: t.Any) -> Field:
    return Field("number", default=default, **options)


def flag(default: bool = False) -> Field:
    return Field("flag", default=default)


def named(endpoint: str, **options: t.Any) -> Field:
    return Field(endpoint, **options)
