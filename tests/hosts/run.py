"""Walk the line in one host: ``python -W error -m tests.hosts.run own_product``."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import django
from django.db import connection
from django.test.utils import setup_databases, setup_test_environment, teardown_databases


def main(name: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = f"tests.hosts.{name}.settings"
    django.setup()
    from django_stripe_cart.testing.sandbox import stripe_sandbox
    from tests.hosts.walk import check_project, walk

    host = import_module(f"tests.hosts.{name}.host").host
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        check_project()
        with stripe_sandbox() as sandbox:
            host.connect_webhook(sandbox)
            walk(host, sandbox)
    finally:
        connection.close()
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    main(sys.argv[1])
