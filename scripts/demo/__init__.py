"""The demo: a deck of invented people, the stage they appear on, and the player that taps their cards."""
