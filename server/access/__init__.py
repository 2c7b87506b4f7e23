"""Who may do what, where: verbs, roles, actors and the policy that ties them."""
