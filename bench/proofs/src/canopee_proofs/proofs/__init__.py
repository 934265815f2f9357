"""The proofs: one file a proof, found by discovery; the shape is in `canopee_proofs.proof`."""
