"""Open challenges (揭榜挂帅) and horse races (赛马) on published opportunities, from the plan to the acceptance."""
