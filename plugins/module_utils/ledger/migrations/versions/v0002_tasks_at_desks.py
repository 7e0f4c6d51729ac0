# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks know what kind they are and how they stand at their desk; requests for access."""

from __future__ import annotations

from ansible_collections.rollcall.access.plugins.module_utils.libraries import library

op = library("alembic.op")
sa = library("sqlalchemy")

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# new columns of tasks, with what they hold in tasks that are there already
TASKS = {
    "kind": "access",
    "subject": "",
    "details": "{}",
    "link": "",
    "told": "",
    "told_owner": "",
    "seen": "",
    "attention": "",
}
REQUESTS = "id person grants reason requested_by requested_at start until approvers state via ended_at? note"


def upgrade() -> None:
    for name, value in TASKS.items():
        op.add_column("tasks", sa.Column(name, sa.Text(), nullable=False, server_default=value))
    op.add_column("tasks", sa.Column("level", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("tasks", sa.Column("reminded_at", sa.Text(), nullable=True))
    op.add_column("tasks", sa.Column("escalated_at", sa.Text(), nullable=True))
    op.create_table(
        "requests",
        *(
            sa.Column(word.rstrip("?"), sa.Text(), primary_key=word == "id", nullable=word.endswith("?"))
            for word in REQUESTS.split()
        ),
    )
    op.create_index("requests_state", "requests", ["state"])
