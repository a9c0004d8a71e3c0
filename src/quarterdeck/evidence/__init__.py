"""Table contracts, ingest with quarantine, sealed snapshots, as-of reads, lineage: the facts, and when they were known."""
