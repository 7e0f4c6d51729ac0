# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options that all modules take."""

    DOCUMENTATION = r"""
options:
  config:
    description:
      - The company's C(rollcall.yml).
      - Taken from the inventory when that is one, else from E(ROLLCALL_CONFIG), else C(rollcall.yml) beside the playbook.
    type: path
requirements:
  - python >= 3.11
  - SQLAlchemy
  - alembic
  - requests
  - jmespath
  - jsonschema
  - cryptography
  - anyascii
"""
