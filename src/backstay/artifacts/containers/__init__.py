"""Containers: archives and compressed streams, read within bounds and without trusting what they say of themselves."""
