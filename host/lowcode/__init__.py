"""The low-code host platform: it loads plugins made of YAML declarations and small Python rules."""
