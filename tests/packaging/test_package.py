"""The wheel alone, in a bare project that follows the README's steps, serves a shop."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

pytestmark = pytest.mark.package

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
LARGEST_SOURCE = 1_500_000  # bytes
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "var")


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command that knows nothing of this checkout, and return what it printed."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "DJANGO_", "DATABASE_URL", "COV_"))
    }
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def readme(first_line: str) -> str:
    """The block of the README that starts with this line."""
    (block,) = re.findall(
        rf"^```\S+\n({re.escape(first_line)}.*?)^```$", README.read_text("utf-8"), re.M | re.S
    )
    return str(block)


@dataclass
class Site:
    """A new project with the wheel and its requirements installed."""

    folder: Path
    python: Path
    required: str  # what pip installed with the wheel

    def manage(self, *words: str) -> str:
        return run(self.python, "-W", "error", "manage.py", *words, cwd=self.folder)

    def visit(self, script: str) -> str:
        """Run a script with a signed-in `client`."""
        prelude = dedent("""
            import os
            import django
            os.environ["DJANGO_SETTINGS_MODULE"] = "site_of_a_host.settings"
            django.setup()
            from django.test.utils import setup_test_environment
            setup_test_environment()
            from django.contrib.auth.models import User
            from django.test import Client
            client = Client()
            client.force_login(User.objects.get_or_create(username="shopper")[0])
        """)
        code = prelude + dedent(script)
        return run(self.python, "-W", "error", "-c", code, cwd=self.folder)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the source distribution, made from a copy of this checkout, and its wheel."""
    pytest.importorskip("build", reason="pip install build")
    folder = tmp_path_factory.mktemp("build")
    shutil.copytree(ROOT, folder / "source", ignore=LEFT_OUT)
    run(sys.executable, "-m", "build", "--outdir", folder, folder / "source", cwd=folder)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def wheel(release: Path) -> Path:
    (built,) = release.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("host")
    venv.create(folder / "venv", with_pip=True)
    bin = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    pip = [bin / "python", "-m", "pip"]
    run(*pip, "install", "--quiet", wheel, cwd=folder)
    required = run(*pip, "list", "--format=freeze", cwd=folder)
    # The README's own command, but for the clone, which is the wheel here.
    clone, *others = readme("pip install ").split()[2:]
    assert clone == "./django-stripe-cart"
    run(*pip, "install", "--quiet", *others, cwd=folder)
    run(bin / "django-admin", "startproject", "site_of_a_host", ".", cwd=folder)

    for file in ("settings.py", "urls.py"):
        with (folder / "site_of_a_host" / file).open("a") as module:
            module.write("\n" + readme(f"# {file}, at the end"))
    (folder / "templates").mkdir()
    for name in ("base.html", "storefront.html"):
        template = readme(f"{{# templates/{name} #}}")
        (folder / "templates" / name).write_text(template)
    site = Site(folder, bin / "python", required)
    site.manage("migrate", "--verbosity", "0")
    yield site
    shutil.rmtree(folder, ignore_errors=True)


def test_the_wheel_holds_all_of_the_app_and_nothing_else(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    package = ROOT / "django_stripe_cart"
    ours = {path.relative_to(ROOT).as_posix() for path in package.rglob("*") if _is_ours(path)}
    assert held == ours
    assert "django_stripe_cart/py.typed" in held


def test_the_index_would_take_both(release: Path) -> None:
    pytest.importorskip("twine", reason="pip install twine")
    built = [*release.glob("*.whl"), *release.glob("*.tar.gz")]

    assert len(built) == 2
    run(sys.executable, "-m", "twine", "check", "--strict", *built, cwd=release)


def test_the_source_distribution_holds_all_of_the_app_and_how_to_test_it(release: Path) -> None:
    (built,) = release.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        names = [member.name.partition("/")[2] for member in archive if member.isfile()]

    package = ROOT / "django_stripe_cart"
    ours = {path.relative_to(ROOT).as_posix() for path in package.rglob("*") if _is_ours(path)}
    assert ours <= set(names)
    for name in ("README.md", "CHANGELOG.md", "LICENSE", "tox.ini", "tests/test_the_line.py"):
        assert name in names
    strange = re.compile(
        r"(^|/)(__pycache__|var|\.tox|\.venv|\.git|build|_build)/|\.(pyc|sqlite3)$"
    )
    assert [name for name in names if strange.search(name)] == []
    assert [name for name in names if name.endswith((".png", ".jpg", ".webp"))] == []
    assert not any(name.startswith("benchmarks/") for name in names)
    assert built.stat().st_size < LARGEST_SOURCE


def test_the_source_distribution_can_be_built_again(release: Path, tmp_path: Path) -> None:
    (built,) = release.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        archive.extractall(tmp_path, filter="data")

    (source,) = tmp_path.iterdir()
    run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, source, cwd=tmp_path)

    assert len(list(tmp_path.glob("*.whl"))) == 1


def _is_ours(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")


def test_the_wheel_comes_with_its_license_and_readme(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (metadata,) = [name for name in archive.namelist() if name.endswith("/METADATA")]

    assert any(name.endswith("LICENSE") for name in archive.namelist())
    text = archive.read(metadata).decode()
    assert "Name: django-stripe-cart" in text
    assert "# django-stripe-cart" in text


def test_what_the_wheel_requires_is_all_it_needs(site: Site) -> None:
    run(site.python, "-m", "pip", "check", cwd=site.folder)

    required = site.required.lower()
    assert "django-stripe-cart==" in required
    for not_ours in ("dj-database-url", "bootstrap", "pytest", "playwright"):
        assert not_ours not in required


def test_the_newest_django_that_this_python_runs_came_along(site: Site) -> None:
    version = site.visit("print(*django.VERSION[:2], sep='.')").strip()

    assert version == ("5.2" if sys.version_info < (3, 12) else "6.1")


def test_the_app_is_the_installed_one(site: Site) -> None:
    where = site.visit("import django_stripe_cart; print(django_stripe_cart.__file__)")

    assert Path(where.strip()).is_relative_to(site.folder / "venv")


def test_a_bare_project_passes_the_checks(site: Site) -> None:
    site.manage("check", "--fail-level", "ERROR")
    site.manage("makemigrations", "--check", "--dry-run")


def test_the_cart_page_is_served(site: Site) -> None:
    page = site.visit("""
        for address in ("/shop/cart/", "/shop/orders/"):
            response = client.get(address)
            assert response.status_code == 200, (address, response)
            print(response.content.decode())
    """)

    assert "Your cart" in page


def test_the_tags_of_the_readme_make_a_storefront(site: Site) -> None:
    page = site.visit("""
        from django_stripe_cart.models import Product
        Product.objects.get_or_create(name="Blue mug", slug="blue-mug", price=9)
        response = client.get("/")
        assert response.status_code == 200, response
        print(response.content.decode())
    """)

    assert "Blue mug" in page
    assert "$9.00" in page


def test_everything_that_the_pages_load_is_found(site: Site) -> None:
    page = site.visit('print(client.get("/").content.decode())')
    addresses = {*re.findall(r'(?:src|href)="/static/([^"]+)"', page)}

    assert any(address.endswith(".js") for address in addresses)
    assert any(address.endswith(".css") for address in addresses)
    assert any("bootstrap" in address for address in addresses)
    for address in addresses:
        assert "venv" in site.manage("findstatic", address)


def test_a_product_can_be_put_into_the_cart(site: Site) -> None:
    page = site.visit("""
        from django_stripe_cart.models import Product
        mug = Product.objects.get_or_create(name="Green mug", slug="green-mug", price=7)[0]
        answer = client.post("/shop/cart/add/", {"product": mug.pk, "quantity": 3})
        assert answer.status_code == 303, answer
        print(client.get("/shop/cart/").content.decode())
    """)

    assert "Green mug" in page
    assert "$21.00" in page


def test_an_order_is_paid_and_the_site_has_heard_of_it(site: Site) -> None:
    said = site.visit("""
        from django_stripe_cart.models import Product
        from django_stripe_cart.testing.sandbox import stripe_sandbox
        from django_stripe_cart.testing.browser import Browser
        browser = Browser(User.objects.get_or_create(username="buyer")[0])
        with stripe_sandbox() as sandbox:
            browser.add(Product.objects.create(name="Red mug", slug="red-mug", price=8), 2)
            answer = browser.check_out()
            assert answer.status_code == 303, answer
            payment = sandbox.pay(answer.headers["Location"])
            print(browser.order.status, browser.order.amount_paid)  # the webhook has rung
            print(browser.follow(payment.redirect_url).content.decode())
    """)

    status, page = said.split("\n", 1)
    assert status == "paid 1600"
    assert "Red mug" in page
    assert "$16.00" in page


def test_the_webhook_is_mounted_and_rejects_unsigned_requests(site: Site) -> None:
    site.visit("""
        import logging
        logging.disable()
        answer = Client(enforce_csrf_checks=True).post("/stripe/webhook/", b"{}", "text/plain")
        assert answer.status_code == 400, answer
    """)


def test_the_commands_and_the_sandbox_come_along(site: Site) -> None:
    commands = (ROOT / "django_stripe_cart" / "management" / "commands").glob("[!_]*.py")

    for command in commands:
        assert "usage:" in site.manage(command.stem, "--help")
    site.visit("""
        from django_stripe_cart.sandbox import Sandbox
        answer = Sandbox().handle("GET", "/", {}, None)
        assert answer.status == 200, answer
    """)
