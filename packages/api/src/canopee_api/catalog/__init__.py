"""What is declared: datasets, and the signed repository of pipelines."""
