"""Run a command if a module is there. If not, say so: that skips it, and fails it in CI.

python .ci/if_installed.py MODULE COMMAND…
"""

import importlib.util
import os
import subprocess
import sys

module, *command = sys.argv[1:]
if importlib.util.find_spec(module):
    sys.exit(subprocess.call(command))  # noqa: S603
in_ci = os.environ.get("CI") == "true"
print(f"{'FAILED' if in_ci else 'SKIPPED'}: {module} is not installed.")  # noqa: T201
sys.exit(int(in_ci))
