"""Projects that are unlike our example, each small and real. ``run.py`` walks the line in one."""
