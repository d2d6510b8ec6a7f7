"""A run that is looked at while it goes on."""
