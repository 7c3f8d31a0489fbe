"""One pure function per line: evidence and policy in, findings out."""
