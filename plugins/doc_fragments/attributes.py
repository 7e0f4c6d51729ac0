# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What every module says of itself."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Computes everything and changes nothing anywhere.
  diff_mode:
    description: Shows before and after, per account.
  action_group:
    description: Use C(group/rollcall.access.all) in C(module_defaults) to set options for all of them.
    support: full
    membership:
      - rollcall.access.all
"""
