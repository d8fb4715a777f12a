"""Help for those who write rules: what can be had from elsewhere and put into a rule file."""
