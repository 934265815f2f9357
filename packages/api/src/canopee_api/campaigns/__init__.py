"""Who gets what: conditions over the fleet, and the orders that follow."""
