"""Pages of figures: one module for each entry of `panels:` in the manifest."""
