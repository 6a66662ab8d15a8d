"""Rules on what is done with the output of a model."""
