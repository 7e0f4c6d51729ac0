# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first tables."""

from __future__ import annotations

from ansible_collections.rollcall.access.plugins.module_utils.libraries import library

op = library("alembic.op")
sa = library("sqlalchemy")

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# table: (key, columns); ``name`` is text, ``name#`` a whole number, ``name?`` text or nothing
TABLES = {
    "meta": ("name", "name value"),
    "chain": ("id", "id# seq# hash"),
    "events": ("seq", "seq# at kind run actor person app data previous hash"),
    "checkpoints": ("seq public_key", "seq# head_hash at run public_key signature"),
    "claims": ("person app", "person app run actor at until holder"),
    "runs": (
        "id",
        "id number# command actor started_at tool policy commit awx_job check_mode# ended_at? outcome summary",
    ),
    "people": ("id", "id username email name standing complete# phase first_seen? carried_out? person"),
    "accounts": (
        "app id",
        "app id person username email external_id given_name family_name name state entitlements unknown created? "
        "last_used? matched_by source first_seen? last_seen? suspended_at?",
    ),
    "links": ("app account", "app account person reason by at"),
    "grants": (
        "person app account entitlement",
        "person app account entitlement because since source verified_at?",
    ),
    "ended_grants": (
        "number",
        "number# person app account entitlement because since source verified_at? until ended_because",
    ),
    "plans": ("hash", "hash run made_at? saved_at body"),
    "approvals": ("plan by", "plan by run at"),
    "changes": (
        "id occurrence",
        "id occurrence# number# kind person app account entitlement because urgency after details state run actor plan "
        "intended_at settled_at? verified_at? detail task result_account attempts#",
    ),
    "tasks": (
        "id",
        "id key person app items owner title instructions opened_at due urgency state account_name note ended_by "
        "ended_at? reason desk reference",
    ),
    "locks": ("number", "number# person reason by since until? lifted_by lifted_at? lift_reason"),
    "exceptions": (
        "id",
        "id person grants reason requested_by approved_by start until ended_by ended_at? end_reason",
    ),
    "notices": ("key", "key data run at"),
    "reviews": ("id", "id title scope reviewer opened_at due opened_by undecided state closed_at? closed_by"),
    "review_items": (
        "campaign id",
        "campaign id position# person app account entitlement reviewer because since? last_used? privileged# decision "
        "change_to decided_by decided_at? reason by_default# outcome outcome_at?",
    ),
    "readings": ("app", "app at run summary"),
}

INDEXES = {
    "events": ("kind", "person"),
    "accounts": ("person",),
    "grants": ("app",),
    "ended_grants": ("person", "app"),
    "changes": ("number", "person", "app", "run", "state"),
    "tasks": ("person", "state"),
}


def upgrade() -> None:
    for name, (keys, columns) in TABLES.items():
        op.create_table(
            name,
            *(
                sa.Column(
                    word.rstrip("#?"),
                    sa.Integer() if word.endswith("#") else sa.Text(),
                    primary_key=word.rstrip("#?") in keys.split(),
                    nullable=word.endswith("?"),
                    autoincrement=False,
                )
                for word in columns.split()
            ),
        )
        for column in INDEXES.get(name, ()):
            op.create_index(f"{name}_{column}", name, [column])
    still_open = sa.text("state = 'open'")
    op.create_index("tasks_open", "tasks", ["key"], unique=True, sqlite_where=still_open, postgresql_where=still_open)
