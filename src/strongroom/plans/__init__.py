"""Plans: kept in a file, shown as a diff, done step by step with a journal, gone on with or back on after any stop."""
