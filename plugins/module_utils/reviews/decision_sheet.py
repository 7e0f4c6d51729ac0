# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sheet that reviewers fill in, written, and read strictly; also decisions as YAML, JSON or variables."""

from __future__ import annotations

import os
import pathlib
import typing as t

from ..errors import PolicyError, ReviewError
from ..model import App, Person, Review, ReviewItem
from ..policy.yaml_lines import load_document
from ..tabular import read_csv, write_csv
from .decision import Decision
from .naming import NAMING_COLUMNS, told

ANSWER_COLUMNS = ("decision", "change_to", "reason", "by")
TOLD_COLUMNS = (
    "reviewer",
    "person",
    "email",
    "title",
    "department",
    "app",
    "account",
    "entitlement",
    "privileged",
    "since",
    "why",
    "then_gets",
    "last_used",
)
SHEET_COLUMNS = ("item_id", *TOLD_COLUMNS, *ANSWER_COLUMNS)


def write_sheet(
    review: Review,
    people: t.Mapping[str, Person],
    apps: t.Mapping[str, App],
    *,
    reviewer: str = "",
    then_gets: t.Callable[[ReviewItem], str] = lambda item: "",
) -> str:
    """Return the CSV to fill in: every item of one ``reviewer``, or of all; what is decided already stands in it.

    ``then_gets`` says what comes in the place of an item that is revoked.
    """
    rows = []
    for item in review.items:
        if reviewer and item.reviewer.casefold() != reviewer.casefold():
            continue
        rows.append(
            {
                "item_id": item.id,
                **told(item, people, apps),
                "then_gets": then_gets(item),
                "decision": item.decision,
                "change_to": item.change_to,
                "reason": item.reason,
                "by": item.decided_by,
            }
        )
    return write_csv(rows, SHEET_COLUMNS)


def read_decisions(path: str | os.PathLike[str]) -> tuple[Decision, ...]:
    """Read decisions from a CSV sheet, or from YAML or JSON: a list of mappings with item_id, decision, reason, by.

    Raises ReviewError with file and line.
    """
    name = os.fspath(path)
    suffix = pathlib.Path(name).suffix.casefold()
    if suffix == ".csv":
        rows = read_csv(name, required=("item_id", "decision", "by"), allowed=SHEET_COLUMNS, error=ReviewError)
        return tuple(
            Decision(
                r["item_id"],
                r["decision"],
                r["change_to"],
                r["reason"],
                r["by"],
                r.where,
                tuple(r[column] for column in NAMING_COLUMNS),
            )
            for r in rows
            if r["item_id"] or any(r[column] for column in ANSWER_COLUMNS)
        )
    if suffix not in (".yml", ".yaml", ".json") and not pathlib.Path(name).exists():
        raise ReviewError(
            "there is no such file or folder",
            where=name,
            todo="Name the file that came back, or the folder in which such files are",
        )
    if suffix not in (".yml", ".yaml", ".json"):
        raise ReviewError("expected a file of decisions named .csv, .yml, .yaml or .json", where=name)
    try:
        document = load_document(name)
    except PolicyError as error:
        raise ReviewError(error.message, where=error.where, todo=error.todo) from error
    value: t.Any = document.value
    path_to: tuple[str, ...] = ()
    if isinstance(value, dict) and set(value) == {"decisions"}:
        value, path_to = value["decisions"], ("decisions",)
    places = [str(document.origin((*path_to, n))) for n in range(len(value))] if isinstance(value, list) else []
    return decisions_from(value, where=name, places=places)


def decisions_from(value: t.Any, *, where: str, places: t.Sequence[str] = ()) -> tuple[Decision, ...]:
    """Return decisions from a list of mappings. ``places`` says where each was written; else they are numbered.

    Raises ReviewError for anything else, and for an unknown key.
    """
    if not isinstance(value, (list, tuple)):
        raise ReviewError(
            "expected a list of decisions", where=where, todo="Each with item_id, decision, reason and by"
        )
    keys = ("item_id", *ANSWER_COLUMNS)
    found = []
    for number, entry in enumerate(value):
        place = places[number] if number < len(places) else f"{where}, decision {number + 1}"
        if not isinstance(entry, dict):
            raise ReviewError(f"expected a mapping, found {entry!r}", where=place)
        unknown = sorted(set(map(str, entry)) - set(keys))
        if unknown:
            raise ReviewError(
                f"the key {unknown[0]!r} is not known", where=place, todo=f"The keys are {', '.join(keys)}"
            )
        texts: dict[str, str] = {}
        for key in keys:
            text = entry.get(key)
            if text is not None and not isinstance(text, (str, int)):
                raise ReviewError(f"expected {key} to be a text, found {text!r}", where=place)
            texts[key] = "" if text is None else str(text).strip()
        found.append(
            Decision(texts["item_id"], texts["decision"], texts["change_to"], texts["reason"], texts["by"], place)
        )
    return tuple(found)
