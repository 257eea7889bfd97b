"""Actions of staff on rows: each has a permission and a page that asks for confirmation."""
