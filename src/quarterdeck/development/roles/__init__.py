"""Role models: the competencies of a role as data, and their import from documents."""
