"""What outside authors test with: suites, toys, temporary hubs."""
