"""Rules on what becomes part of a prompt."""
