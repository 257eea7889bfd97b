import re
from pathlib import Path

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
    app.connect("source-read", add_contents)


def add_contents(app, page, source):
    """The lists of an index are its table of contents: it can be read without Sphinx, too."""
    if page.endswith("index"):
        listed = re.findall(r"^- \[[^]]+\]\(([\w/-]+)\.md\)", source[0], re.M)
        source[0] += "\n```{toctree}\n:hidden:\n\n" + "\n".join(listed) + "\n```\n"
