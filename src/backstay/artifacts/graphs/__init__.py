"""Graphs: what the operations of a stored computation graph would do where it is run."""
