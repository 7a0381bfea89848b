"""Apps as wheels: the catalogue, the check of each wheel, installing and removing."""
