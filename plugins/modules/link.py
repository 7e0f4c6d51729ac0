#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: link
short_description: Say whose account this is
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Correlates an account to a person by hand, where nothing else tells them apart, or says that it is nobody's.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  app:
    description: The app.
    type: str
    required: true
  account:
    description: The app's id of the account.
    type: str
    required: true
  person:
    description: Whose it is. Nobody's, when empty.
    type: str
    default: ""
  reason:
    description: How that is known.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: The second Smith is Jo
  rollcall.access.link:
    app: github
    account: "4711"
    person: jo.smith
    reason: asked Jo on 2 November
"""

RETURN = r"""
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
