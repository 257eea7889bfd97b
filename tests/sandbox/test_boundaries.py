"""The sandbox stands beside the app: it imports nothing of it, and the SDK in one place only."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import django_stripe_cart.sandbox

pytestmark = pytest.mark.stripe_sdk

PACKAGE = Path(django_stripe_cart.sandbox.__file__).parent
OWN = "django_stripe_cart.sandbox"


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_the_sandbox_needs_the_standard_library_and_djangos_templates_only() -> None:
    allowed = {*sys.stdlib_module_names, "django.template"}
    for path in PACKAGE.rglob("*.py"):
        foreign = {
            name
            for name in imports(path)
            if not name.startswith(OWN)
            and name not in allowed
            and name.split(".")[0] not in allowed
        }

        assert foreign <= {"stripe"}, path


def test_the_sandbox_runs_without_the_sdk_and_without_settings() -> None:
    code = (
        "import sys; sys.modules['stripe'] = None;"
        "from django_stripe_cart.sandbox import Sandbox; sandbox = Sandbox();"
        "assert sandbox.handle('GET', '/').status == 200;"
        "assert sandbox.handle('GET', '/v1/events').status == 401"
    )
    environment = {"PYTHONPATH": str(PACKAGE.parents[1])}

    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, text=True
    )

    assert (result.returncode, result.stderr) == (0, "")


def test_only_the_clock_module_reads_the_time() -> None:
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert path.name == "clock.py" or "time.time(" not in source
        assert "datetime.now" not in source
        assert "utcnow" not in source
