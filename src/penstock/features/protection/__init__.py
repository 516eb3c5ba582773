"""What protected environments demand of releases: evidence and approvals."""
