"""What `canopee logs` does."""
