"""The rules of the gate: pure functions on immutable values, no device, no clock, no thread."""
