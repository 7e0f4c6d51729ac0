# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of specifications and what is written in them.

A specification is a file ``<name>.json`` here: the needed part of a vendor's OpenAPI 3.0 or 3.1 document, as
``scripts/bring_in_specification.py`` writes it; or ``written/<name>.yml``: where the vendor's may not be brought in,
what its documentation says, written down in the same form. Beside OpenAPI's own entries the top level has

``x-rollcall-base``
    What the paths of all addresses begin with, in place of the path of the first entry of ``servers``.
``x-rollcall-closed``
    Where a property that the schema does not list is a problem: a list of ``request`` and ``response``; without this
    line, in requests. A schema that says ``additionalProperties: true`` is never closed.
``x-rollcall-statuses``
    Statuses that any operation may answer with although it does not list them; without this line 401, 403 and 429.
    Those from 500 on are always such: no vendor lists them all.

Where a vendor's specification is wrong, ``corrections/<name>.json`` mends it when it is read: a list of
``{"at": "/json/pointer", "to": value, "because": "what the vendor's documentation says, with its address"}``; without
``to`` the place is removed, and a pointer that ends in ``/-`` adds to a list.
"""

from __future__ import annotations

import json
import pathlib
import typing as t

import yaml

from .schemas import resolve

FOLDER = pathlib.Path(__file__).parent


def read_specification(name: str) -> dict[str, t.Any]:
    """Return the document of ``specs/<name>.json`` or ``specs/written/<name>.yml`` with its corrections."""
    written = FOLDER / "written" / f"{name}.yml"
    if written.exists():
        document: dict[str, t.Any] = yaml.safe_load(written.read_text(encoding="utf-8"))
    else:
        document = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    corrections = FOLDER / "corrections" / f"{name}.json"
    if corrections.exists():
        for correction in json.loads(corrections.read_text(encoding="utf-8")):
            _correct(document, correction)
    return document


def _correct(document: dict[str, t.Any], correction: t.Mapping[str, t.Any]) -> None:
    if not correction.get("because"):
        raise ValueError(f"the correction of {correction['at']} has no reason")
    parent, _slash, last = correction["at"].rpartition("/")
    place = resolve(document, "#" + parent) if parent else document
    if isinstance(place, list) and last == "-":
        place.append(correction["to"])
        return
    key: t.Any = int(last) if isinstance(place, list) else last.replace("~1", "/").replace("~0", "~")
    if "to" in correction:
        place[key] = correction["to"]
    else:
        del place[key]
