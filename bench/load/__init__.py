"""A simulated class."""
