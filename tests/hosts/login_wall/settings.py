"""Every page needs a login, and each request is one transaction."""

from tests.hosts.base import *  # noqa: F403

DATABASES["default"]["ATOMIC_REQUESTS"] = True  # noqa: F405
MIDDLEWARE += ["django.contrib.auth.middleware.LoginRequiredMiddleware"]  # noqa: F405
