"""Signed supplies: read from a stick, a folder or a mirror, verified whole, and only then put to use.

``folder`` and ``mirror`` read a medium, ``trust`` verifies signatures (TUF), ``floors`` remembers what must not be
undercut, ``release`` says what belongs together, ``plan`` what is to be brought, ``transfer`` copies, ``content``
compares what was brought with what was signed about it, ``importer`` does all of it in order and ``progress`` tells.
``survey`` looks at a medium without importing.
"""
