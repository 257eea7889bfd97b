"""Its admin is a site of its own, beside Django's."""

from tests.hosts.base import *  # noqa: F403

ROOT_URLCONF = "tests.hosts.own_admin.urls"
