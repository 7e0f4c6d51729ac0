# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be a template and what may not, on every ansible-core from 2.16 on.

Settings from git (connections, sources) may hold templates. Values from HR, apps and tickets never are templates: up to
ansible-core 2.18 they are marked unsafe, from 2.19 on nothing is a template that is not marked as trusted.
"""

from __future__ import annotations

import typing as t

from ansible.utils.unsafe_proxy import wrap_var

try:
    from ansible.template import trust_as_template
except ImportError:  # ansible-core before 2.19
    # everything is a template there that is not marked as unsafe
    _PLAIN: frozenset[type] = frozenset({bool, int, type(None)})

    def trust_as_template(value: t.Any) -> t.Any:
        return value

else:
    # a text can only be trusted where it is of a type of Ansible's own; Python's is data as it is
    _PLAIN = frozenset({str, bool, int, type(None)})


def as_template(value: t.Any) -> t.Any:
    """Mark every text of a setting from git as a template."""
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, t.Mapping):
        return {key: as_template(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_template(item) for item in value]
    return value


def as_data(value: t.Any) -> t.Any:
    """Mark every text as data that is never evaluated."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is dict:
        return {key if type(key) in _PLAIN else wrap_var(key): as_data(item) for key, item in value.items()}
    if kind is list:
        return [as_data(item) for item in value]
    return wrap_var(value)


def resolver(templar: t.Any) -> t.Callable[[t.Any], t.Any]:
    """Return a function that fills in the templates of a setting from git."""

    def resolve(value: t.Any) -> t.Any:
        return as_plain(templar.template(as_template(value)) if has_template(value) else value)

    return resolve


def has_template(value: t.Any) -> bool:
    """Return whether there may be a template in a setting: where there is none, Ansible need not look through it."""
    if isinstance(value, str):
        return any(sign in value for sign in ("{{", "{%", "{#"))
    if isinstance(value, t.Mapping):
        return any(map(has_template, value.values()))
    return isinstance(value, (list, tuple)) and any(map(has_template, value))


def as_plain(value: t.Any) -> t.Any:
    """Strip Ansible's own text types, so that libraries get what they expect."""
    if isinstance(value, t.Mapping):
        return {str(key): as_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
