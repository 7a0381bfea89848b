"""Records over their whole life: one module for each verb."""
