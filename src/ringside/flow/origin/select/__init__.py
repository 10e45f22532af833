"""Select: which studio's chunk viewers get, where several send the same track. Pure; time is an argument."""

from ringside.flow.origin.select.candidate import Candidate
from ringside.flow.origin.select.choice import MOST_CANDIDATES, Choice, Position, Take
from ringside.flow.origin.select.offer import Offer
from ringside.flow.origin.select.stopgap import Stopgap
from ringside.flow.origin.select.switchboard import Switchboard

__all__ = ["MOST_CANDIDATES", "Candidate", "Choice", "Offer", "Position", "Stopgap", "Switchboard", "Take"]
