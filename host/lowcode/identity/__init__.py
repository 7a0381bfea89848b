"""Who may come in: users, departments, roles, passwords, sessions and the limit on guessing."""
