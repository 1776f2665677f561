"""The verbs, a few in each module; a module is imported when one of its verbs is used."""
