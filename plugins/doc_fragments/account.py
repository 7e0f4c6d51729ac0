# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module for one account in one app."""

    DOCUMENTATION = r"""
options:
  app:
    description: The app, as the catalog names it.
    type: str
    required: true
  person:
    description:
      - Whose account it is, by username, HR id or email.
      - One of C(person) and C(account) is needed.
    type: str
  account:
    description: The account, where it is nobody's in HR.
    type: dict
    suboptions:
      username:
        description: Its user name.
        type: str
        required: true
      email:
        description: Its email address.
        type: str
        default: ""
      given_name:
        description: The given name.
        type: str
        default: ""
      family_name:
        description: The family name.
        type: str
        default: ""
  state:
    description: Whether the account is there, there but unusable, or gone.
    type: str
    choices: [present, suspended, absent]
    default: present
  entitlements:
    description: What the account is entitled to, by the catalog's names.
    type: list
    elements: str
    default: []
  exclusive:
    description: Whether entitlements that are not listed are revoked.
    type: bool
    default: false
  connection:
    description:
      - Connection settings, in place of the catalog's. Each connector documents its own.
      - Set them once for a play with C(module_defaults) and the group C(rollcall.access.all).
    type: dict
  definition:
    description:
      - The app's entry of the catalog. Filled in by the controller when the app is reached from another host.
    type: dict
"""
