"""Real flows over real HTTP against both sandboxes: `engine` and `world` of tests/support."""
