"""The pages, one module per room. A module offers `router`, and may offer `NAVIGATION`, `search` and `JOBS`; the application collects them."""
