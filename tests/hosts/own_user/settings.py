"""Its people have a UUID for a key, and sign in with their e-mail address."""

from tests.hosts.base import *  # noqa: F403

INSTALLED_APPS += ["tests.hosts.own_user"]  # noqa: F405
AUTH_USER_MODEL = "own_user.Person"
