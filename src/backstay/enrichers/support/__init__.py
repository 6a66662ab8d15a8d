"""What enrichers share among themselves."""
