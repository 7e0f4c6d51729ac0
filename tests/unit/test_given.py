# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mapping as a playbook has it, and as a survey does."""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import ReviewError
from ansible_collections.rollcall.access.plugins.plugin_utils.given import mapping_given


@pytest.mark.parametrize(
    "given",
    [
        {"apps": ["crm"], "changed": True},
        "{apps: [crm], changed: true}",
        "apps: [crm]\nchanged: true\n",
        '{"apps": ["crm"], "changed": true}',
    ],
)
def test_a_scope_is_the_same_in_each_form(given):
    assert mapping_given(given, "scope", ReviewError) == {"apps": ["crm"], "changed": True}


@pytest.mark.parametrize("given", [None, "", "  \n", {}])
def test_nothing_is_everything(given):
    assert mapping_given(given, "scope", ReviewError) == {}


@pytest.mark.parametrize("given", ["only crm", "[crm]", ["crm"], "7"])
def test_what_is_no_mapping_is_named(given):
    with pytest.raises(ReviewError, match=r"scope: expected a mapping, found"):
        mapping_given(given, "scope", ReviewError)


@pytest.mark.parametrize("given", ["{apps: [crm", "apps: a: b", "!!python/object/apply:os.system [id]"])
def test_what_is_no_yaml_says_where(given):
    with pytest.raises(ReviewError, match="it is no YAML"):
        mapping_given(given, "scope", ReviewError)
