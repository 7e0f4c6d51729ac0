# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import types
import typing as t

from .person import Origin

#: The desk that is always there: tasks are in the ledger alone.
EMBEDDED = "embedded"

#: What a desk's own states can mean to us.
MEANINGS = ("open", "done", "declined", "cancelled")


def _empty() -> t.Mapping[str, t.Any]:
    return types.MappingProxyType({})


@dataclasses.dataclass(frozen=True, slots=True)
class DeskSettings:
    """One desk of the catalog: where tasks become tickets. ``connection`` may hold secrets: it is never shown.

    ``states`` says which of the desk's own states mean what (our word -> its words); ``fields`` in which of its fields
    an owner writes ``account_name``, ``note`` or ``reason``. ``place`` is where tickets go unless an app says
    otherwise, and ``requests`` where people ask for access (queue, project, ...; empty: nowhere).
    """

    key: str
    type: str = EMBEDDED
    connection: t.Mapping[str, t.Any] = dataclasses.field(default_factory=_empty, repr=False, compare=False)
    place: t.Mapping[str, str] = dataclasses.field(default_factory=_empty)
    requests: t.Mapping[str, str] = dataclasses.field(default_factory=_empty)
    states: t.Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=_empty)
    fields: t.Mapping[str, str] = dataclasses.field(default_factory=_empty)
    default: bool = False
    origin: Origin | None = dataclasses.field(default=None, compare=False)
