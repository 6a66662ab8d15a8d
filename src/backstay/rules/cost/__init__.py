"""Rules on what a caller can make the owner pay for."""
