"""Static files have their content's hash in their name, and WhiteNoise serves them."""

import atexit
import shutil
import tempfile

from tests.hosts.base import *  # noqa: F403

DEBUG = False
STATIC_ROOT = tempfile.mkdtemp(prefix="stripe-cart-static-")
atexit.register(shutil.rmtree, STATIC_ROOT, ignore_errors=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
MIDDLEWARE.insert(1, "whitenoise.middleware.WhiteNoiseMiddleware")  # noqa: F405
