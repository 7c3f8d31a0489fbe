"""What the office does that a kiosk never does: making tables and the keys they are made with."""
