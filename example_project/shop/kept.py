"""Secrets that are made once and kept beside the demo's data, so that none is in the repository."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def kept_secret(path: Path, *, prefix: str = "") -> str:
    """Return the secret in the file, which is written first if it is not there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(prefix + secrets.token_hex(24))
        draft.replace(path)
    return path.read_text()
