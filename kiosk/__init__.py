"""One-Card Pass: an ID card at the door, four answers in one, no network."""
