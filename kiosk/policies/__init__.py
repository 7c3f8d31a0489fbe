"""Dated policies: one TOML file holds every number that the rules compare with, and the vectors that prove it."""

from pathlib import Path

from kiosk.core.errors import PolicyError
from kiosk.core.policy import Policy
from kiosk.policies.vectors import check_policy

SAMPLE = Path(__file__).with_name("2022-04.toml")


def load_policy(path: Path) -> Policy:
    """The policy in a file, which passes its own vectors. Raises PolicyError, which names file, mistake and remedy."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PolicyError(f"{path}: {error.strerror}. Put the file there, or name another one.") from None
    return check_policy(data, str(path))
