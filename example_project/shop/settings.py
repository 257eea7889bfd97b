"""The example shop: what a host of django-stripe-cart needs, and little else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dj_database_url
import django

from shop.kept import kept_secret

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("SHOP_DATA_DIR", BASE_DIR / "var")).resolve()

TRUE = {"1", "true", "yes", "on"}
DEBUG = os.environ.get("DEBUG", "true").lower() in TRUE
SECRET_KEY = os.environ.get("SECRET_KEY") or kept_secret(DATA_DIR / "secret_key")
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "127.0.0.1,localhost").split(",")

INSTALLED_APPS = [
    "shop",
    "django_stripe_cart",
    "bootstrap",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "shop.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Stripe and its stand-in know nothing of each other's orders, so each has a shop of its own.
SHOP_FILE = "shop-stripe.sqlite3" if os.environ.get("STRIPE_CART_SECRET_KEY") else "shop.sqlite3"
DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL") or f"sqlite:///{DATA_DIR / SHOP_FILE}"
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Writers wait for their turn, and readers need not: what SQLite needs to serve a shop.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "timeout": 20,
    }
# A request ends after 28 seconds, but not while it waits for a row: only the database can end that.
OPTIONS = DATABASES["default"].setdefault("OPTIONS", {})
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    OPTIONS.setdefault("options", "-c lock_timeout=9s")
if DATABASES["default"]["ENGINE"] == "django.db.backends.mysql":
    OPTIONS.setdefault("init_command", "SET innodb_lock_wait_timeout=9")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The address and the sign-ins stay in sight: of all requests only those that failed are told.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"django.server": {"level": "WARNING"}},
}

LANGUAGE_CODE = "en-gb"  # for its dates; the shop is in India
# Each reader gets the one of these that their browser asks for, or that they chose in the menu.
LANGUAGE_CODES = os.environ.get("SHOP_LANGUAGES", f"{LANGUAGE_CODE},de,es,fr,hi").split(",")
LANGUAGES = [(code, code) for code in LANGUAGE_CODES]
TIME_ZONE = "Asia/Kolkata"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
if not DEBUG:  # with a hash in each name, so that browsers may keep them for ever
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
MEDIA_URL = "media/"
MEDIA_ROOT = DATA_DIR / "media"

# E-mails become files, for a look at them; with EMAIL_HOST in the environment they go out.
MAILER: dict[str, Any] = {
    "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
    "OPTIONS": {"file_path": DATA_DIR / "emails"},
}
if os.environ.get("EMAIL_HOST"):
    MAILER = {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {"host": os.environ["EMAIL_HOST"], "timeout": 10},
    }
if django.VERSION >= (6, 1):
    MAILERS = {"default": MAILER}
else:
    EMAIL_BACKEND = MAILER["BACKEND"]
    EMAIL_FILE_PATH = DATA_DIR / "emails"
    EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
    EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM", "Limited Products <shop@limited.example>")

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "storefront"
LOGOUT_REDIRECT_URL = "storefront"
# Whether what stands in front of the shop speaks TLS, and says so in this header.
if os.environ.get("BEHIND_TLS", "false").lower() in TRUE:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

# With a key from the environment the shop talks to Stripe; without one, to Stripe in a box.
STRIPE_CART_SECRET_KEY = os.environ.get("STRIPE_CART_SECRET_KEY", "")
STRIPE_CART_WEBHOOK_SECRET = os.environ.get("STRIPE_CART_WEBHOOK_SECRET", "")
STRIPE_CART_API_BASE = os.environ.get("STRIPE_CART_API_BASE")
STRIPE_CART_CURRENCY = "inr"
if DEBUG and not STRIPE_CART_SECRET_KEY:
    STRIPE_CART_SECRET_KEY = "sk_test_sandbox"
    STRIPE_CART_API_BASE = f"http://127.0.0.1:{os.environ.get('SANDBOX_PORT', '8001')}"
if DEBUG and not STRIPE_CART_WEBHOOK_SECRET:
    STRIPE_CART_WEBHOOK_SECRET = kept_secret(DATA_DIR / "webhook_secret", prefix="whsec_")
