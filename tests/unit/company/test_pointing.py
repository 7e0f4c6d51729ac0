# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An inventory file that only says where the company's rollcall.yml is."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.pointing import pointed_to
from ansible_collections.rollcall.access.plugins.module_utils.errors import SettingsError

PLUGIN = "plugin: rollcall.access.people\n"


def test_a_file_that_points_elsewhere_stands_for_that_one(tmp_path: pathlib.Path) -> None:
    real, pointer = tmp_path / "corp/rollcall.yml", tmp_path / "rollcall.yml"
    real.parent.mkdir()
    real.write_text(PLUGIN + "sources: []\n", encoding="utf-8")
    pointer.write_text(f"{PLUGIN}settings: {real}\n", encoding="utf-8")
    assert pointed_to(str(pointer)) == str(real)
    assert pointed_to(str(real)) == str(real)


@pytest.mark.parametrize(
    "says",
    ["settings: corp/rollcall.yml", "settings: /no/such/rollcall.yml", "settings: [/a]", "settings: /\nsources: []"],
)
def test_a_file_that_points_to_nothing_is_an_error(tmp_path: pathlib.Path, says: str) -> None:
    pointer = tmp_path / "rollcall.yml"
    pointer.write_text(f"{PLUGIN}{says}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="settings"):
        pointed_to(str(pointer))
