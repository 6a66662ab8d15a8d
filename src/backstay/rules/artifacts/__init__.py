"""Rules on what model files and the files beside them hold."""
