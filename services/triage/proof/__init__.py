"""The proof: what a rule set does with every possible referral, exact over its declared inputs."""
