"""Long-running programs: their wiring, signals, health and metrics."""
