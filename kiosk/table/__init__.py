"""The cached table: layer files that are asked by a key which only number and pepper yield (FORMAT.md).

``chain`` makes the key, ``layer`` reads one file, ``items`` what it says of a person; ``layered`` asks base, delta,
urgent and local layers as one table, ``source`` opens what the store's manifest names; ``risks`` is the risk list.
"""
