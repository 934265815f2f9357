"""SQL, and the embedded server: the only place that speaks to PostgreSQL."""
