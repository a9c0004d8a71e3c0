"""KPI, KRI and QTL as data files, the query each one names, and their evaluation to one result shape."""
