"""What other secret scanners were told, taken over: rules, allowlists, accepted findings."""
