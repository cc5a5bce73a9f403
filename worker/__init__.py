"""The Celery side: one task module a queue."""
