#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: request
short_description: Ask for access, and follow what the approvers decide
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Anybody may ask for an app of the catalog, for themselves or for somebody else, with a reason and for a time.
    The approvers that the catalog names (C(approval) of the app) each get a task; when all of them agree, the next
    run gives it, and it ends by itself.
  - Nobody approves what they asked for or would get.
  - What cannot be asked (unknown or not to be asked for, had or waiting already, too long, without a reason) fails,
    says what to do, and changes nothing. The same words, while the request waits or holds, ask nothing new.
extends_documentation_fragment:
  - rollcall.access.config
  - rollcall.access.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  state:
    description:
      - V(asked) asks. V(withdrawn) takes the request O(id) back, or ends what it gave.
      - V(followed) takes in the files of requests and the tickets at the desks, records what approvers decided, and
        asks those who were not asked yet.
    type: str
    choices: [asked, withdrawn, followed]
    default: asked
  id:
    description: The request's id. Made from what is asked, when left out; needed to withdraw.
    type: str
    default: ''
  app:
    description: The key of an app in the catalog.
    type: str
    default: ''
  entitlements:
    description: Keys of entitlements of this app. Empty asks for the account alone.
    type: list
    elements: str
    default: []
  person:
    description: For whom, by username, id or address. O(requested_by), when left out.
    type: str
    default: ''
  reason:
    description: Why. The approvers decide by it, and it is kept with the grant; why it is withdrawn, with V(withdrawn).
    type: str
    default: ''
  requested_by:
    description: Who asks. The one who runs this (in AWX the one who launched the job), when left out.
    type: str
    default: ''
  from:
    description: The first day. Today, when left out.
    type: str
    default: ''
  until:
    description: The last day, itself included.
    type: str
    default: ''
  days:
    description: For how many days, in place of O(until). With neither, as long as the app allows.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Sarah asks for the billing export, for 30 days
  rollcall.access.request:
    app: billing
    entitlements: [export]
    person: sarah.jones
    reason: cover for Kim
    requested_by: sarah.jones@acme.example
    days: 30

- name: She does not need it any more
  rollcall.access.request:
    id: request-3f9a1c2207
    state: withdrawn
    requested_by: sarah.jones@acme.example

- name: Files, tickets, and what was decided
  rollcall.access.request:
    state: followed
"""

RETURN = r"""
request:
  description: The request as it is now, with its approvers and what they decided.
  returned: when one was asked or withdrawn
  type: dict
waiting:
  description: All requests that wait for somebody.
  returned: success
  type: list
  elements: dict
findings:
  description: Files, tickets and answers that somebody should look at.
  returned: success
  type: list
  elements: dict
msg:
  description: What happened, in words.
  returned: always
  type: str
"""
