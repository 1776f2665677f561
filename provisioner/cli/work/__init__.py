"""What each verb does, one module for each of `verbs`; imported when the verb is carried out, not for its help."""
