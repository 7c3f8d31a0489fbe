"""The rig, for the tests of this folder."""

from tests.rigs import bare_rig, rig

__all__ = ["bare_rig", "rig"]
