"""What people type: run, test, bootstrap and kioskctl."""
