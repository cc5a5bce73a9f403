"""A day of lessons against the shipped scaling rule: ``python -m bench.autoscale``."""
