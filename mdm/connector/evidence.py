"""Evidence: how much a source was asked and how much it answered, counted for the run's books."""

from dataclasses import dataclass


@dataclass
class Evidence:
    """Two counters that only grow; the runner keeps what each stream added to them."""

    requests: int = 0
    bytes: int = 0

    def asked(self) -> None:
        """One more request goes out, whatever becomes of it."""
        self.requests += 1

    def read(self, count: int) -> None:
        """So many bytes came in."""
        self.bytes += count
