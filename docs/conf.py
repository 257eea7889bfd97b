import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import templates_table

PACKAGE = Path(__file__).parent.parent / "django_stripe_cart"

project = "django-stripe-cart"
author = "django-stripe-cart contributors"
copyright = "2026, django-stripe-cart contributors"
release = re.search(r'^__version__ = "([^"]+)"', (PACKAGE / "__init__.py").read_text(), re.M)[1]

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nitpicky = True
smartquotes = False  # what is to be typed stays as it is typed

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["pictures.css"]
html_title = f"django-stripe-cart {release}"


def setup(app):
    app.connect("source-read", fill_in_tables)


def fill_in_tables(app, page, source):
    """What the code knows better than a page could."""
    if page == "reference/templates":
        source[0] = source[0].replace("TABLE-OF-TEMPLATES", templates_table.table())
