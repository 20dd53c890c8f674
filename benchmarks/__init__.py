"""Benchmarks beside peers, as ratios: ``make bench`` runs them and rewrites docs/benchmarks.md."""
