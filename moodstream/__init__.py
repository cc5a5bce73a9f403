"""Moodstream: the facial expression of every face, live."""
