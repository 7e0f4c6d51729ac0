# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The history of the schema. ``migrating.py`` runs what is missing; there is no alembic.ini and no env.py.

A migration never imports the schema of now: it says by itself what was made then. A new one goes into ``versions/``
and its revision to the end of ``REVISIONS`` in ``tables.py``.
"""
