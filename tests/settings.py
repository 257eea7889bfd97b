"""The settings of the test suite: a host with everything switched on that makes trouble."""

import atexit
import os
import shutil
import tempfile

import dj_database_url
import django

SECRET_KEY = "tests"
DEBUG = True
USE_TZ = True
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "bootstrap",
    "django_stripe_cart",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "tests.urls"
LOGIN_URL = "login"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [os.path.join(os.path.dirname(__file__), "templates")],
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
STATIC_URL = "static/"
MEDIA_URL = "media/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

DATABASES = {"default": dj_database_url.parse(os.environ.get("DATABASE_URL", "sqlite://:memory:"))}
# Every view and verb has to work inside a host that wraps its requests.
DATABASES["default"]["ATOMIC_REQUESTS"] = True
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as hosts have it: a database in memory knows no second connection.
    folder = tempfile.mkdtemp(prefix="stripe-cart-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    DATABASES["default"]["TEST"] = {"NAME": os.path.join(folder, "test.sqlite3")}
    # Commits survive kill -9, but perhaps not a power failure, which no test has.
    pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF"
    DATABASES["default"]["OPTIONS"] = {"timeout": 20, "init_command": pragmas}
elif DATABASES["default"]["ENGINE"].endswith("postgresql"):
    options = "-c synchronous_commit=off -c lock_timeout=9s"
    DATABASES["default"]["OPTIONS"] = {"options": options}
elif DATABASES["default"]["ENGINE"].endswith("mysql"):
    DATABASES["default"]["OPTIONS"] = {"init_command": "SET innodb_lock_wait_timeout=9"}
# pytest-django sees to that by itself, but not in the processes that the batteries and hosts start.
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": EMAIL_BACKEND}}
    del EMAIL_BACKEND

STRIPE_CART_SECRET_KEY = "sk_test_sandbox"
STRIPE_CART_WEBHOOK_SECRET = "whsec_tests"
STRIPE_CART_CURRENCY = "inr"
