# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions of boto3 that share what botocore knows of the services.

Each session by itself would read and parse some megabytes of JSON again (which endpoints there are, what the operations
of IAM look like), although a company has many accounts at AWS and a role in each.
"""

from __future__ import annotations

import functools
import typing as t

from ..libraries import library

boto3 = library("boto3")
loaders = library("botocore.loaders")
sessions = library("botocore.session")


def new_session(access_key: str, secret_key: str, session_token: str, region: str, profile: str = "") -> t.Any:
    """Return a session with these keys, or else with those of the profile, or else with what boto3 finds."""
    core = sessions.get_session()
    if profile:
        core.set_config_variable("profile", profile)
    # a folder of the company's own with descriptions, where $AWS_DATA_PATH or the profile names one
    descriptions = _descriptions(core.get_config_variable("data_path"))
    core.register_component("data_loader", descriptions)
    session = boto3.Session(
        aws_access_key_id=access_key or None,
        aws_secret_access_key=secret_key or None,
        aws_session_token=session_token or None,
        region_name=region or None,
        botocore_session=core,
    )
    # every session adds boto3's own folder to where is looked
    descriptions.search_paths[:] = dict.fromkeys(descriptions.search_paths)
    return session


@functools.cache
def _descriptions(data_path: str | None) -> t.Any:
    """Return what reads botocore's descriptions of the services, and keeps what it has read.

    Source: https://botocore.amazonaws.com/v1/documentation/api/latest/reference/loaders.html
    """
    return loaders.create_loader(data_path)
