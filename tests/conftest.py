# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the checkout known as ansible_collections.rollcall.access to the programs that tests start.

``make`` says the same in its environment; this is for pytest called by hand.
"""

from __future__ import annotations

import os
import pathlib

COLLECTIONS = pathlib.Path(__file__).resolve().parent.parent / ".venv/collections"

if (COLLECTIONS / "ansible_collections/rollcall/access").is_dir():
    others = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p and p != str(COLLECTIONS)]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(COLLECTIONS), *others])
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)
