"""The routes of scores, outcomes, feedback and their inbox."""
