"""The cached health-code table: one read-only SQLite file, asked by a keyed hash of the identity number.

``person`` holds, for each number, its hash, the record encrypted under a key that only the number yields, and a tag;
``meta`` holds what is known of the table as a whole, sealed with the pepper. Without the number a row says nothing,
without the pepper no number can be tried. ``FILE.sha256`` beside it holds the digest of the whole file, as sha256sum
writes it.
"""
