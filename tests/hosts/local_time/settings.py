"""Its dates know no time zone."""

from tests.hosts.base import *  # noqa: F403

USE_TZ = False
TIME_ZONE = "Asia/Kolkata"
