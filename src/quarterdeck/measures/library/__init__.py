"""The benchmark library's data: published.yaml in our own words, registry.csv with quantiles of completed trials."""
