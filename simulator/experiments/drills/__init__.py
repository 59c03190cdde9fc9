"""What becomes of the requests when something goes wrong, with which policies, in which deployment (section 15)."""
