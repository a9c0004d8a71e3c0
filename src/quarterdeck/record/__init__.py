"""The database of decisions: models and migrations, the append-only audit chain, people and permissions, signatures, jobs."""
