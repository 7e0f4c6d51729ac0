#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account in the ERP, as Rollcall asks for it. In the catalog: ``connector: acme.internal.erp_account``.

This ERP is a JSON file: put the calls of your own app in place of ``read`` and ``write``.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid

from ansible.module_utils.basic import AnsibleModule

KEYS = ("id", "external_id", "email", "username")  # how an account is found, best first
ACCOUNT = {name: {"type": "str", "default": ""} for name in (*KEYS, "given_name", "family_name")}
OPTIONS = {
    "app": {"type": "str"},
    "account": {"type": "dict", "required": True, "options": ACCOUNT},
    "state": {"type": "str", "choices": ["present", "suspended", "absent"], "default": "present"},
    "entitlements": {"type": "list", "elements": "str", "default": []},
    "exclusive": {"type": "bool", "default": True},
    # the catalog's connection
    "path": {"type": "path", "required": True},
    "token": {"type": "str", "required": True, "no_log": True},
}


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write(path, users):
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(users, file, indent=1)
    os.replace(f"{path}.new", path)


def find(users, account):
    for key in ("id",) if account["id"] else KEYS:  # an id that is given decides
        for user in users:
            if account[key] and user[key].lower() == account[key].lower():
                return user
    return None


def wanted(now, params):
    if params["state"] == "absent" or (now is None and params["state"] == "suspended"):
        return None
    user = dict(now or {**params["account"], "id": uuid.uuid4().hex, "entitlements": []})
    user.update({name: value for name, value in params["account"].items() if value})  # empty: leave it as it is
    user["state"] = "active" if params["state"] == "present" else "suspended"
    kept = [] if params["exclusive"] else user["entitlements"]
    user["entitlements"] = sorted({*kept, *params["entitlements"]})
    return user


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    lock = os.open(f"{module.params['path']}.lock", os.O_CREAT | os.O_WRONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)  # it is called for several people at a time
    users = read(module.params["path"])
    now = find(users, module.params["account"])
    new = wanted(now, module.params)
    if new != now and not module.check_mode:
        write(module.params["path"], [user for user in users if user is not now] + ([new] if new else []))
        now = find(read(module.params["path"]), {**module.params["account"], "id": (new or now)["id"]})
        module.exit_json(changed=True, account=now)
    module.exit_json(changed=new != now, account=now)


if __name__ == "__main__":
    main()
