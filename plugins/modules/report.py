#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Write the report
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Writes one self-contained web page, and the same as CSV and JSON files.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  directory:
    description: Where to write it.
    type: path
    default: report
"""

EXAMPLES = r"""
- name: The report
  rollcall.access.report:
    directory: /var/www/rollcall
"""

RETURN = r"""
files:
  description: The files that were written.
  returned: success
  type: list
  elements: str
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
