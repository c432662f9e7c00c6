"""The connections of a pair, under their former name."""

from tasks.reconciler.connections import Connections, connect, current_bundle, disconnect

__all__ = ["Connections", "connect", "current_bundle", "disconnect"]
