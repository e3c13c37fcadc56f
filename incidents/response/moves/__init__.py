"""The incident's part of the table of moves: who may do what, and what it will do."""

from incidents.response.moves import ends, help_wanted, timeline, way
from kernel import moves

moves.register(*way.MOVES, *help_wanted.MOVES, *ends.MOVES, *timeline.MOVES)
