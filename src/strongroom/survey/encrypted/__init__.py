"""What ``strongroom file`` does over trees, histories and merges."""
