"""Everything with a plug, and the simulators that stand in for it: they ship with the product."""
