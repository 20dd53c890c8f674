"""From findings to a plan that mends them, and the proof that it did."""
