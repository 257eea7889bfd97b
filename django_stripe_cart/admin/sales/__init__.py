"""The sales page of the admin: figures and a chart, by day and currency."""
