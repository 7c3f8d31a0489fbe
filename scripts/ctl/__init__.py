"""kioskctl, the technician's command: one module per group of commands."""
