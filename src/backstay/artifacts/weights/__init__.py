"""Weights: what the tensors of a file say without its program: where they lie, their numbers, and their names."""
