import re
from typing import Any

from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from django_stripe_cart.sandbox import Sandbox
from tests.hosts import host as plain
from tests.hosts.walk import page_of


class Host(plain.Host):
    def make_products(self) -> tuple[Any, Any]:
        call_command("collectstatic", verbosity=0, interactive=False)
        return super().make_products()

    def check_specifics(self, client: Client, sandbox: Sandbox) -> None:
        page = page_of(Client().get(reverse("storefront")))
        files = re.findall(r'"(/static/stripe_cart/[^"]+)"', page)
        assert {file.rpartition(".")[2] for file in files} >= {"css", "js"}
        for file in files:
            assert re.search(r"\.[0-9a-f]{12}\.\w+$", file), file
            answer = Client().get(file)
            assert page_of(answer)
            assert "immutable" in answer.headers["Cache-Control"]


host = Host()
