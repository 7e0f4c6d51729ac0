# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema: every table of the ledger.

Times are UTC ISO text of a fixed width and structures are JSON text: exactly the bytes that were hashed, on any
database. A new ledger is made from this, an older one is brought here by ``migrations/versions``; a test holds the two
against each other.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
import typing as t

from ..libraries import library

sa = library("sqlalchemy")

#: Every revision that this version of Rollcall knows, oldest first. The last one is what it works with.
REVISIONS = ("0001", "0002", "0003")


@dataclasses.dataclass(frozen=True)
class Kept:
    """A table whose rows are proven by the chain: the event that writes a row carries the row's digest.

    ``unproven`` columns change too often to be worth an event each (when an account was last seen). ``added`` are
    columns that came with a later revision, with what they hold in older rows: while they hold it they are not part of
    the digest, so that the digests of those rows stay what they were.
    """

    name: str
    key: tuple[str, ...]
    unproven: frozenset[str] = frozenset()
    added: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict, hash=False)

    @functools.cached_property
    def key_of(self) -> t.Callable[[t.Mapping[str, t.Any]], tuple[t.Any, ...]]:
        """What takes the key out of a row."""
        if len(self.key) > 1:
            return operator.itemgetter(*self.key)
        (column,) = self.key
        return lambda row: (row[column],)

    @functools.cached_property
    def columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in table(self.name).columns)

    @functools.cached_property
    def proven(self) -> tuple[str, ...]:
        return tuple(column for column in self.columns if column not in self.unproven)

    @functools.cached_property
    def hashed(self) -> tuple[str, ...]:
        """The proven columns in the order in which they are hashed."""
        return tuple(sorted(self.proven))

    def proven_values(self, row: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return what of a row its digest is taken of."""
        added = self.added
        return {name: row[name] for name in self.proven if not (name in added and row[name] == added[name])}


_TASKS_ADDED = {
    "kind": "access",
    "subject": "",
    "details": "{}",
    "link": "",
    "told": "",
    "told_owner": "",
    "seen": "",
    "attention": "",
    "level": 0,
    "reminded_at": None,
    "escalated_at": None,
}

_REVIEWS_ADDED = {"stages": "[]", "dues": "[]", "event": "", "ended_at": None}
_REVIEW_ITEMS_ADDED = {
    "stage": 0,
    "earlier": "[]",
    "handed": "[]",
    "in_stead_of": "",
    "explanation": "",
    "explained_by": "",
    "title": "",
    "department": "",
    "manager": "",
    "value": "",
}

KEPT: dict[str, Kept] = {
    kept.name: kept
    for kept in (
        Kept("runs", ("id",)),
        Kept("people", ("id",), frozenset({"carried_out"})),
        Kept("accounts", ("app", "id"), frozenset({"last_seen", "last_used"})),
        Kept("links", ("app", "account")),
        Kept("grants", ("person", "app", "account", "entitlement"), frozenset({"verified_at"})),
        Kept("ended_grants", ("number",)),
        Kept("plans", ("hash",)),
        Kept("approvals", ("plan", "by")),
        Kept("changes", ("id", "occurrence")),
        Kept("tasks", ("id",), added=_TASKS_ADDED),
        Kept("requests", ("id",)),
        Kept("locks", ("number",)),
        Kept("exceptions", ("id",)),
        Kept("notices", ("key",)),
        Kept("reviews", ("id",), added=_REVIEWS_ADDED),
        Kept("review_items", ("campaign", "id"), added=_REVIEW_ITEMS_ADDED),
        Kept("readings", ("app",)),
    )
}


def _table(metadata: t.Any, name: str, columns: str, *more: t.Any) -> None:
    """Add a table. ``columns`` are words: ``name`` is text, ``name#`` a whole number, ``name?`` text or nothing."""
    keys = KEPT[name].key if name in KEPT else _OTHER_KEYS[name]
    added = KEPT[name].added if name in KEPT else {}
    made = []
    for word in columns.split():
        column = word.rstrip("#?")
        # what a migration gave to the rows that were there; every row that is written says all its columns
        default = added.get(column)
        made.append(
            sa.Column(
                column,
                sa.Integer() if word.endswith("#") else sa.Text(),
                primary_key=column in keys,
                nullable=word.endswith("?"),
                autoincrement=False,
                server_default=None if default is None else str(default),
            )
        )
    sa.Table(name, metadata, *made, *more)


#: Of which tasks no two have the same key.
_OPEN = "state = 'open'"

_OTHER_KEYS = {
    "meta": ("name",),
    "chain": ("id",),
    "events": ("seq",),
    "checkpoints": ("seq", "public_key"),
    "claims": ("person", "app"),
}


@functools.cache
def schema() -> t.Any:
    """Return the metadata with all tables."""
    metadata = sa.MetaData()
    index = sa.Index
    _table(metadata, "meta", "name value")
    _table(metadata, "chain", "id# seq# hash")
    _table(
        metadata,
        "events",
        "seq# at kind run actor person app data previous hash",
        index("events_kind", "kind"),
        index("events_person", "person"),
    )
    _table(metadata, "checkpoints", "seq# head_hash at run public_key signature")
    _table(metadata, "claims", "person app run actor at until holder")
    _table(
        metadata,
        "runs",
        "id number# command actor started_at tool policy commit awx_job check_mode# ended_at? outcome summary",
    )
    _table(metadata, "people", "id username email name standing complete# phase first_seen? carried_out? person")
    _table(
        metadata,
        "accounts",
        "app id person username email external_id given_name family_name name state entitlements unknown created? "
        "last_used? matched_by source first_seen? last_seen? suspended_at?",
        index("accounts_person", "person"),
    )
    _table(metadata, "links", "app account person reason by at")
    _table(
        metadata,
        "grants",
        "person app account entitlement because since source verified_at?",
        index("grants_app", "app"),
    )
    _table(
        metadata,
        "ended_grants",
        "number# person app account entitlement because since source verified_at? until ended_because",
        index("ended_grants_person", "person"),
        index("ended_grants_app", "app"),
    )
    _table(metadata, "plans", "hash run made_at? saved_at body")
    _table(metadata, "approvals", "plan by run at")
    _table(
        metadata,
        "changes",
        "id occurrence# number# kind person app account entitlement because urgency after details state run actor plan "
        "intended_at settled_at? verified_at? detail task result_account attempts#",
        index("changes_number", "number"),
        index("changes_person", "person"),
        index("changes_app", "app"),
        index("changes_run", "run"),
        index("changes_state", "state"),
    )
    _table(
        metadata,
        "tasks",
        "id key person app items owner title instructions opened_at due urgency state account_name note ended_by "
        "ended_at? reason desk reference kind subject details link told told_owner seen attention level# reminded_at? "
        "escalated_at?",
        index("tasks_person", "person"),
        index("tasks_state", "state"),
        # of one key at most one task is ever open, whoever writes
        index("tasks_open", "key", unique=True, sqlite_where=sa.text(_OPEN)),
    )
    _table(metadata, "locks", "number# person reason by since until? lifted_by lifted_at? lift_reason")
    _table(
        metadata,
        "exceptions",
        "id person grants reason requested_by approved_by start until ended_by ended_at? end_reason",
    )
    _table(metadata, "notices", "key data run at")
    _table(
        metadata,
        "requests",
        "id person grants reason requested_by requested_at start until approvers state via ended_at? note",
        index("requests_state", "state"),
    )
    _table(
        metadata,
        "reviews",
        "id title scope reviewer opened_at due opened_by undecided state closed_at? closed_by stages dues event "
        "ended_at?",
    )
    _table(
        metadata,
        "review_items",
        "campaign id position# person app account entitlement reviewer because since? last_used? privileged# decision "
        "change_to decided_by decided_at? reason by_default# outcome outcome_at? earlier handed in_stead_of "
        "explanation explained_by title department manager value stage#",
    )
    _table(metadata, "readings", "app at run summary")
    return metadata


def make_all(connection: t.Any) -> None:
    """Make every table and index in a database that has none of them."""
    if connection.dialect.name == "postgresql":
        # said here and not where the index is: SQLAlchemy would import all that it knows of PostgreSQL in every run
        one_open = next(index for index in table("tasks").indexes if index.name == "tasks_open")
        one_open.dialect_options["postgresql"]["where"] = sa.text(_OPEN)
    schema().create_all(connection, checkfirst=False)


def table(name: str) -> t.Any:
    return schema().tables[name]
