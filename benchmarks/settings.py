"""One host for all candidates: the same middleware, session, user and database."""

import importlib
import os
import tempfile

CANDIDATE = importlib.import_module(f"benchmarks.candidates.{os.environ['CANDIDATE']}")

SECRET_KEY = "benchmarks"  # noqa: S105
DEBUG = False
USE_TZ = True
ALLOWED_HOSTS = ["testserver", "127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    *CANDIDATE.APPS,
]
INSTALLED_APPS = list(dict.fromkeys(INSTALLED_APPS))  # django-oscar names all of them
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    *getattr(CANDIDATE, "MIDDLEWARE", []),
]
ROOT_URLCONF = f"benchmarks.candidates.{os.environ['CANDIDATE']}"
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
                *getattr(CANDIDATE, "CONTEXT_PROCESSORS", []),
            ]
        },
    }
]
STATIC_URL = "static/"
MEDIA_URL = "media/"
LOGIN_URL = "/login/"
LOGGING_CONFIG = None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

# Processes that were started by this one have the same database.
os.environ.setdefault("BENCH_SQLITE", f"{tempfile.gettempdir()}/bench-{os.getpid()}.sqlite3")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["BENCH_SQLITE"],
        "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF"},
    }
}
if "BENCH_DATABASE" in os.environ:  # under load, with what our documentation advises
    import dj_database_url

    DATABASES["default"] = dj_database_url.parse(os.environ["BENCH_DATABASE"], conn_max_age=60)
    if "sqlite" in DATABASES["default"]["ENGINE"]:
        DATABASES["default"]["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        }
    elif "mysql" in DATABASES["default"]["ENGINE"]:
        DATABASES["default"]["OPTIONS"] = {"charset": "utf8mb4"}

for name, value in getattr(CANDIDATE, "SETTINGS", {}).items():
    globals()[name] = value
