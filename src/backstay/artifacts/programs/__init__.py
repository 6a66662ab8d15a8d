"""Programs: what code that a model brings would do, told from its text or compiled form without running it."""
