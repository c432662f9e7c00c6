"""Real flows over real HTTP against both sandboxes: `world` of tests/support."""
