"""The demo's health office: a repository like a real one, signed with keys that everybody has."""

from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import Key, SSlibKey
from tuf.api.metadata import Metadata, Root, Targets

from kiosk.supply.trust import DEMO_ROOT
from scripts.office.repository import MODELS, POLICY, Repository, codes_role, delegations

_KEYS = Path(__file__).with_name("keys")


def demo_repository(folder: Path, district: str, now: datetime) -> Repository:
    """A new repository in ``folder`` under the demo's root, for one district; ``now`` by the demo's clock."""
    repository = Repository(folder, [_KEYS])
    roles = {codes_role(district): "codes", POLICY: "policy", MODELS: "models"}
    targets = Targets(delegations=delegations({role: _public(name) for role, name in roles.items()}))
    repository.begin(Metadata[Root].from_bytes(DEMO_ROOT.read_bytes()).signed, targets, now)
    return repository


def _public(name: str) -> Key:
    key = load_pem_private_key((_KEYS / f"{name}.pem").read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{name}.pem is another kind of key")
    return SSlibKey.from_crypto(key.public_key())
