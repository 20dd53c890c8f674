"""One scan for secret values: files, histories, archives, known values."""
