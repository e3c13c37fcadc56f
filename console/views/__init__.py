"""Thin: take the request apart, ask a selector or carry out a move, answer."""
