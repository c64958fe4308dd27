"""The house rules as programs: pure functions over (path, source), each with the reason why the rule is there."""
