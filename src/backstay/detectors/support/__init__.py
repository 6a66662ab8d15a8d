"""What several detectors share: reading documents, telling secrets from placeholders, facts about packages."""
