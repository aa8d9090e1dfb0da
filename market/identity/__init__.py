"""People, their memberships and roles, sessions, API keys and invitations."""
