"""The WSGI application of a shop: ``gunicorn tests.batteries.wsgi:application``."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from tests.batteries.worker_process import Services, connect_to

connect_to(Services(os.environ["BATTERY_DATABASE"], os.environ["BATTERY_STRIPE"]))
application = get_wsgi_application()
