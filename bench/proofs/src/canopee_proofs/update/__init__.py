"""A Windows PC under Wine, with the real launcher as a real service and real agents in its slots."""
