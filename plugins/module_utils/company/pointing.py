# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An inventory file that only says where the company's ``rollcall.yml`` is.

Some programs give ansible-playbook a copy of the inventory in a folder of their own, as ansible-rulebook does. Names in
``rollcall.yml`` are relative to it, so a copy would find no policy, no locks and an empty ledger::

    plugin: rollcall.access.people
    settings: /srv/corp/rollcall.yml

Source: ansible_rulebook/util.py, create_inventory (ansible-rulebook 1.3)
"""

from __future__ import annotations

import pathlib
import re
import typing as t

from ..errors import SettingsError
from ..libraries import library

yaml = library("yaml")

_POINTS = re.compile(r"^settings[ \t]*:", re.MULTILINE)


def pointed_to(path: str) -> str:
    """Return the file that ``path`` points to, or ``path`` itself where it is no such file.

    Raises SettingsError when it points to nothing, or says anything else besides.
    """
    text = pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
    if not _POINTS.search(text):
        return path
    data: t.Any = yaml.safe_load(text)
    where = data.get("settings") if isinstance(data, dict) and data.keys() == {"plugin", "settings"} else None
    if not isinstance(where, str) or not pathlib.PurePath(where).is_absolute():
        raise SettingsError(
            "`settings` stands alone with `plugin`, and is the whole path of a company's rollcall.yml",
            where=path,
            todo="Write settings: /srv/corp/rollcall.yml, or remove the line where this is the rollcall.yml itself",
        )
    if not pathlib.Path(where).is_file():
        raise SettingsError(f"there is no file {where}", where=path, todo="Correct `settings`")
    return where
