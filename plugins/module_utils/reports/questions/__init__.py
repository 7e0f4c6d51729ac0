# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The auditor's questions: each is answered from the ledger, by reading the few rows that the answer needs.

What happened is folded from events by the same code as an evidence pack's tables (``reports/evidence``), so that the
two say the same; here only the events of those are read whom a question is about.
"""
