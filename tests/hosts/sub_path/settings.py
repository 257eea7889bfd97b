"""The whole project lives below /store, of which it knows only by FORCE_SCRIPT_NAME."""

from tests.hosts.base import *  # noqa: F403

FORCE_SCRIPT_NAME = "/store"
