"""Work that is done again and again: one module a job, one class in it, discovered."""
