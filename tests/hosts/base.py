"""What the hosts have in common; each changes what makes it special."""

from tests.settings import *  # noqa: F403

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# A host that warns of nothing: what SQLite needs under load is named, as the check advises.
DATABASES["default"]["ATOMIC_REQUESTS"] = False  # noqa: F405
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    DATABASES["default"]["OPTIONS"]["transaction_mode"] = "IMMEDIATE"  # noqa: F405
else:
    # Walked in a process beside the suite's own, which has its test database open.
    DATABASES["default"]["NAME"] += "_hosts"  # noqa: F405
