"""Rules on what agents and their tools may do."""
