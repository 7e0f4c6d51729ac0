# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least that an inventory plugin can do for people in a CSV file: hosts, one variable each, and groups.

The file has for each person the host's name and the groups, worked out already; so nothing is checked, compared or
decided here. With ``groups: false`` there are hosts alone, for ansible.builtin.constructed to group.
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: by_hand
short_description: People from a CSV file, added directly
description: The rival of rollcall.access.people in the benchmark.
options:
  plugin: {description: This one., required: true, choices: [by_hand]}
  path: {description: The CSV file., required: true}
  groups: {description: Whether the groups are added., type: bool, default: true}
"""

import csv
import typing as t

from ansible.plugins.inventory import BaseInventoryPlugin


class InventoryModule(BaseInventoryPlugin):
    NAME = "by_hand"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith("by_hand.yml")

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        grouped = self.get_option("groups")
        with open(self.get_option("path"), encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                name, groups = row.pop("host"), row.pop("groups").split()
                inventory.add_host(name)
                inventory.set_variable(name, "person", row)
                for group in groups if grouped else ():
                    inventory.add_group(group)
                    inventory.add_child(group, name)
