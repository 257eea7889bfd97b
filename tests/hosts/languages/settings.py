"""The URL of every page has a language prefix; that of the webhook has none."""

from tests.hosts.base import *  # noqa: F403

ROOT_URLCONF = "tests.hosts.languages.urls"
LANGUAGE_CODE = "en"
LANGUAGES = [("de", "Deutsch"), ("en", "English")]
MIDDLEWARE.insert(2, "django.middleware.locale.LocaleMiddleware")  # noqa: F405
