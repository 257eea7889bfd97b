"""Every page has its language in its address; Stripe's doorbell does not."""

from tests.hosts.base import *  # noqa: F403

ROOT_URLCONF = "tests.hosts.languages.urls"
LANGUAGE_CODE = "en"
LANGUAGES = [("de", "Deutsch"), ("en", "English")]
MIDDLEWARE.insert(2, "django.middleware.locale.LocaleMiddleware")  # noqa: F405
