"""The shop's pages: views, forms, responses and JSON."""
