# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task was given in more than one form: a playbook has mappings, a survey of AWX has texts only."""

from __future__ import annotations

import typing as t

from ..module_utils.errors import RollcallError
from ..module_utils.libraries import library

yaml = library("yaml")

_TODO = "Write it as {apps: [crm]}, or as apps: [crm] with a line for each key"


def mapping_given(value: t.Any, name: str, wrong: type[RollcallError]) -> dict[str, t.Any]:
    """Return the mapping that ``value`` is, or says as YAML or JSON; nothing and blank are an empty one.

    ``name`` is the option. Anything else raises ``wrong``.
    """
    if isinstance(value, str):
        try:
            value = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise wrong(f"it is no YAML: {' '.join(str(error).split())}", where=name, todo=_TODO) from error
    if value is None:
        return {}
    if not isinstance(value, t.Mapping):
        raise wrong(f"expected a mapping, found {value!r}", where=name, todo=_TODO)
    return dict(value)
