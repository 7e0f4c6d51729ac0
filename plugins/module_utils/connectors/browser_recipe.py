# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole recipe for the browser: signing in, the list of accounts, and the steps of every operation."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..protocols.shaping import Path, Problem
from .browser_steps import KINDS, OF_ACCOUNT, OF_CONNECTION, Reader, Step

#: What a row of the list may tell of an account besides its entitlements.
FIELDS = ("id", "username", "email", "external_id", "given_name", "family_name", "name", "state")
#: Operations on one account that take nothing more than the account.
PLAIN = ("suspend", "reactivate", "delete", "end_sessions")
_STATES = ("active", "suspended", "invited")


@dataclasses.dataclass(frozen=True)
class Cell:
    """Where something is in a row or on the page: its text or an attribute; of it, the one group of ``pattern``."""

    selector: str
    attribute: str = ""
    pattern: str = ""
    optional: bool = False


@dataclasses.dataclass(frozen=True)
class Listing:
    """How the accounts are read: the way to the page, the rows, what is where in a row, and the way to the next."""

    steps: tuple[Step, ...]
    rows: str
    read: t.Mapping[str, Cell]
    next: str = ""
    empty: str = ""
    count: Cell | None = None
    separator: str = ","
    states: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Everything that the catalog says about an app's pages. ``operations``: name -> what it is for -> steps.

    Where one of ``signed_out`` shows, nobody is signed in: the field of the sign-in page, and what the catalog names.
    An operation is for something: the kind of entitlement for grant and revoke ("" for any), the attribute for update,
    "" elsewhere.
    """

    sign_in: tuple[Step, ...]
    signed_out: tuple[Step, ...]
    listing: Listing | None
    operations: t.Mapping[str, t.Mapping[str, tuple[Step, ...]]]


def read_recipe(connection: t.Mapping[str, t.Any]) -> tuple[Recipe, list[Problem]]:
    """Return the recipe in ``connection``, and all that is wrong with it; with problems it is not to be used."""
    reader = Reader()
    sign_in = reader.steps(connection.get("sign_in"), ("sign_in",), OF_CONNECTION)
    if sign_in and not any(step.verb == "fill" for step in sign_in):
        reader.wrong(
            ("sign_in",), "expected a step that fills in a field", "The first one is what a sign-in is told by"
        )
    _ends_in_expect(reader, sign_in, ("sign_in",), "what shows that the sign-in worked")
    signed_out = tuple(step for step in sign_in if step.verb == "fill")[:1]
    if connection.get("signed_out") is not None:
        signed_out += (Step("expect", reader.selector(connection["signed_out"], ("signed_out",))),)
    listing = _listing(reader, connection["list"]) if connection.get("list") is not None else None
    reads = frozenset(listing.read) if listing else frozenset()
    operations: dict[str, t.Mapping[str, tuple[Step, ...]]] = {}

    def steps_of(given: t.Any, path: Path, known: t.Collection[str], shown: bool) -> tuple[Step, ...]:
        steps = reader.steps(given, path, known)
        if not shown:
            _ends_in_expect(reader, steps, path, "what shows that it is done, since the list does not show it")
        return steps

    account = OF_ACCOUNT | OF_CONNECTION
    if connection.get("create") is not None:
        known = (account - {"id"}) | set(KINDS) | {"random_password"}
        operations["create"] = {"": steps_of(connection["create"], ("create",), known, bool(reads))}
    for name in PLAIN:
        if connection.get(name) is not None:
            shown = (name == "delete" and bool(reads)) or (name in ("suspend", "reactivate") and "state" in reads)
            operations[name] = {"": steps_of(connection[name], (name,), account, shown)}
    for name in ("grant", "revoke"):
        given = connection.get(name)
        if isinstance(given, t.Mapping):
            for kind in sorted(set(map(str, given)) - set(KINDS)):
                reader.wrong((name, kind), "this is no kind of entitlement", f"The kinds are {', '.join(KINDS)}")
            operations[name] = {
                kind: steps_of(given[kind], (name, kind), account | {"value"}, kind in reads)
                for kind in KINDS
                if kind in given
            }
        elif given is not None:
            shown = bool(reads & set(KINDS))
            operations[name] = {"": steps_of(given, (name,), account | {"value"}, shown)}
    _updates(reader, connection.get("update"), operations, account, reads, steps_of)
    if connection.get("transfer") is not None:
        to = {f"to.{field}" for field in ("id", "username", "email", "name")}
        operations["transfer"] = {"": steps_of(connection["transfer"], ("transfer",), account | to, False)}
    return Recipe(sign_in, signed_out, listing, operations), reader.problems


def _updates(
    reader: Reader,
    given: t.Any,
    operations: dict[str, t.Mapping[str, tuple[Step, ...]]],
    account: frozenset[str],
    reads: frozenset[str],
    steps_of: t.Callable[[t.Any, Path, t.Collection[str], bool], tuple[Step, ...]],
) -> None:
    if given is None:
        return
    attributes = sorted(OF_ACCOUNT - {"id"})
    if not isinstance(given, t.Mapping):
        reader.wrong(("update",), "expected steps for each attribute", f"Attributes are {', '.join(attributes)}")
        return
    for name in sorted(set(map(str, given)) - set(attributes)):
        reader.wrong(("update", name), "this is no attribute", f"Attributes are {', '.join(attributes)}")
    operations["update"] = {
        name: steps_of(given[name], ("update", name), account | {"value"}, name in reads)
        for name in attributes
        if name in given
    }


def _ends_in_expect(reader: Reader, steps: t.Sequence[Step], path: Path, what: str) -> None:
    if steps and steps[-1].verb != "expect":
        reader.wrong(path, f"expected expect as the last step, found {steps[-1].verb}", f"It looks for {what}")


def _listing(reader: Reader, given: t.Any) -> Listing:
    path: Path = ("list",)
    nothing = Listing((), "", {})
    if not isinstance(given, t.Mapping):
        reader.wrong(path, "expected steps, rows and read")
        return nothing
    names = {"steps", "rows", "read", "next", "empty", "count", "separator", "states"}
    for key in sorted(set(map(str, given)) - names):
        reader.wrong(("list", key), f"list has no {key}", f"It takes {', '.join(sorted(names))}")
    for key in ("steps", "rows", "read"):
        if key not in given:
            reader.wrong(path, f"list needs {key}")
    cells = given.get("read", {})
    if not isinstance(cells, t.Mapping):
        reader.wrong(("list", "read"), "expected fields, each with where it is in a row")
        cells = {}
    read: dict[str, Cell] = {}
    for field, where in cells.items():
        if field not in (*FIELDS, *KINDS):
            reader.wrong(("list", "read", str(field)), "this is no field", f"There are {', '.join((*FIELDS, *KINDS))}")
            continue
        read[field] = _cell(reader, where, ("list", "read", field))
    if "read" in given and not {"id"} <= set(read):
        reader.wrong(("list", "read"), "expected id", "What tells one account from all others, and stays the same")
    if "read" in given and not {"username", "email", "external_id"} & set(read):
        reader.wrong(
            ("list", "read"), "expected username, email or external_id", "Accounts are matched to people by it"
        )
    states = given.get("states") or {}
    if not isinstance(states, t.Mapping) or not set(map(str, states.values())) <= set(_STATES):
        reader.wrong(("list", "states"), f"expected words of the page, each with one of {', '.join(_STATES)}")
        states = {}
    return Listing(
        steps=reader.steps(given["steps"], ("list", "steps"), OF_CONNECTION) if "steps" in given else (),
        rows=reader.selector(given["rows"], ("list", "rows")) if "rows" in given else "",
        read=read,
        next=reader.selector(given["next"], ("list", "next")) if "next" in given else "",
        empty=reader.selector(given["empty"], ("list", "empty")) if "empty" in given else "",
        count=_cell(reader, given["count"], ("list", "count")) if "count" in given else None,
        separator=str(given.get("separator", ",")) or ",",
        states={str(word).strip().lower(): str(state) for word, state in states.items()},
    )


def _cell(reader: Reader, given: t.Any, path: Path) -> Cell:
    if not isinstance(given, t.Mapping):
        return Cell(reader.selector(given, path))
    for key in sorted(set(map(str, given)) - {"selector", "attribute", "pattern", "optional"}):
        reader.wrong((*path, key), f"there is no {key} here", "It takes selector, attribute, pattern and optional")
    pattern = str(given.get("pattern", ""))
    if pattern:
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            reader.wrong((*path, "pattern"), f"this is no regular expression ({error})")
        else:
            if groups != 1:
                reader.wrong((*path, "pattern"), f"expected one group, found {groups}", r"Like 'of (\d+) users'")
    return Cell(
        reader.selector(given.get("selector"), (*path, "selector")),
        str(given.get("attribute", "")),
        pattern,
        str(given.get("optional", "")).lower() in ("true", "yes"),
    )
