"""Rules on who can reach a model, a tool or a store."""
