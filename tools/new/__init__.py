"""New members of a family, from templates that keep every rule of the house."""
