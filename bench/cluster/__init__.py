"""Moodstream on a real control plane, under load: ``python -m bench.cluster --kit KIT``."""
