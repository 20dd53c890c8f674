"""The join: from objects to typed facts, and to one record per secret."""
