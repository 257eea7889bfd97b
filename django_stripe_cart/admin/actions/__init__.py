"""Actions that staff run on rows. Each needs a permission, and has a confirmation page."""
