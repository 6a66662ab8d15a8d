"""The command line: the only part besides the server that prints."""
