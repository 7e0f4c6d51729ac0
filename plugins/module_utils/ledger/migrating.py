# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bringing a ledger's tables to what this version of Rollcall works with.

An up-to-date ledger is recognised by one look at its version, and a new one is made whole, both without Alembic.
Everything else happens in the one transaction that the caller has begun: a process that dies in it leaves the ledger as
it was.
"""

from __future__ import annotations

import functools
import logging
import pathlib
import typing as t
import uuid

from ..errors import LedgerError
from ..libraries import library
from .chain import genesis
from .tables import REVISIONS, make_all, table

sa = library("sqlalchemy")
migration = library("alembic.runtime.migration")
operations = library("alembic.operations")
script = library("alembic.script")

SCRIPTS = pathlib.Path(__file__).with_name("migrations")


def revision_of(connection: t.Any, where: str) -> str:
    """Return the revision of the tables, empty where there are none yet. Raises LedgerError for what is no ledger."""
    names = set(sa.inspect(connection).get_table_names())
    if not names:
        return ""
    if "alembic_version" not in names or not {"meta", "chain", "events"} <= names:
        raise LedgerError(
            "this is a database of something else, not a ledger",
            where=where,
            todo="Name another file or database; nothing was changed in this one",
        )
    return str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one())


def check_known(revision: str, where: str) -> None:
    """Raise LedgerError for a ledger that a newer version of Rollcall made."""
    if revision not in REVISIONS:
        raise LedgerError(
            f"the ledger is of revision {revision}, and this version of Rollcall knows it up to {REVISIONS[-1]} only",
            where=where,
            todo="Upgrade rollcall.access to the version that last wrote to this ledger",
        )


def upgrade(connection: t.Any) -> None:
    """Run the migrations that are missing, with the connection's transaction."""
    log = logging.getLogger("alembic")
    if log.level == logging.NOTSET:
        log.setLevel(logging.WARNING)
    scripts = script.ScriptDirectory(str(SCRIPTS), version_locations=[str(SCRIPTS / "versions")])
    # https://alembic.sqlalchemy.org/en/latest/api/runtime.html shows this way without an env.py
    context = migration.MigrationContext.configure(
        connection, opts={"fn": lambda revision, _context: scripts._upgrade_revs("head", revision)}
    )
    with operations.Operations.context(context):
        context.run_migrations()


def make(connection: t.Any) -> None:
    """Make the tables of a new ledger: exactly what all the migrations would come to, in a small part of their time."""
    make_all(connection)
    _version().create(connection, checkfirst=False)
    connection.execute(_version().insert(), {"version_num": REVISIONS[-1]})


@functools.cache
def _version() -> t.Any:
    """The table in which Alembic writes down how far it came, as it makes it itself."""
    return sa.Table(
        "alembic_version",
        sa.MetaData(),
        sa.Column("version_num", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
    )


def found(connection: t.Any, *, rehearsal: bool) -> None:
    """Write down, in tables just made, what the ledger is for, and where its chain begins."""
    connection.execute(
        table("meta").insert(),
        [{"name": "rehearsal", "value": "yes" if rehearsal else "no"}, {"name": "id", "value": uuid.uuid4().hex}],
    )
    connection.execute(table("chain").insert(), {"id": 1, "seq": 0, "hash": genesis(rehearsal)})


def empty(connection: t.Any, *, rehearsal: bool) -> None:
    """Make the tables of an empty ledger in memory, which no later version will ever see."""
    make_all(connection)
    found(connection, rehearsal=rehearsal)


def check_use(connection: t.Any, *, rehearsal: bool, where: str) -> None:
    """Raise LedgerError when a rehearsal is about to use a company's ledger, or the other way round."""
    meta = table("meta")
    made_for = connection.execute(sa.select(meta.c.value).where(meta.c.name == "rehearsal")).scalar_one_or_none()
    if made_for == ("yes" if rehearsal else "no"):
        return
    if rehearsal:
        raise LedgerError(
            "this is a company's own ledger, and rollcall.yml says rehearsal: true",
            where=where,
            todo="Give the rehearsal a ledger of its own (ledger: sqlite:///rehearsal.db), or remove rehearsal: true",
        )
    raise LedgerError(
        "this ledger was made by a rehearsal, and refuses every other use",
        where=where,
        todo="Name the company's own ledger, or say rehearsal: true in rollcall.yml",
    )
