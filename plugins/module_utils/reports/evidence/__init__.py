# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evidence pack: what happened in a period, from the events of the ledger, as an auditor asks for it.

Pure: events, a period, and what the catalog and the policy say go in; tables, a page and a PDF come out.
"""
