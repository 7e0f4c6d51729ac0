# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reviews have stages and end; their items know the decisions before, and what the person was."""

from __future__ import annotations

from ansible_collections.rollcall.access.plugins.module_utils.libraries import library

op = library("alembic.op")
sa = library("sqlalchemy")

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# new columns of texts, with what they hold in rows that are there already
COLUMNS = {
    "reviews": {"stages": "[]", "dues": "[]", "event": ""},
    "review_items": {
        "earlier": "[]",
        "handed": "[]",
        "in_stead_of": "",
        "explanation": "",
        "explained_by": "",
        "title": "",
        "department": "",
        "manager": "",
        "value": "",
    },
}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for name, value in columns.items():
            op.add_column(table, sa.Column(name, sa.Text(), nullable=False, server_default=value))
    op.add_column("reviews", sa.Column("ended_at", sa.Text(), nullable=True))
    op.add_column("review_items", sa.Column("stage", sa.Integer(), nullable=False, server_default="0"))
