"""Rules on who answers for an asset, and on what the policy allows."""
