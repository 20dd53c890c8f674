"""Questions asked of the facts, one file per check, with the standards that they answer to."""
