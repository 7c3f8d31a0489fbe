"""The journal: what remains of a visit. No name, no number, no picture has a place in it."""
