"""What the fields of a map are looked up in: payloads, or elements of their lists and then the payloads around them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import polars as pl

from mdm.mapping.text import present, texts

Said = dict[str, pl.Series]


@dataclass(frozen=True)
class Documents:
    """Payloads; and for exploded maps the elements, each with the row of the payload it comes from."""

    payload: pl.Series
    element: pl.Series | None = None
    around: pl.Series | None = None

    def texts(self, fields: Iterable[str]) -> Said:
        """The text of each field; a field an element has, be it empty, is not looked up around it."""
        wanted = list(dict.fromkeys(fields))
        if self.element is None or self.around is None:
            return texts(self.payload, wanted)
        own, has, outer = texts(self.element, wanted), present(self.element, wanted), texts(self.payload, wanted)
        return {f: own[f].zip_with(has[f] | own[f].is_not_null(), outer[f].gather(self.around)) for f in wanted}

    def present(self, fields: Iterable[str]) -> Said:
        """Whether each field is there, be it empty."""
        wanted = list(dict.fromkeys(fields))
        if self.element is None or self.around is None:
            return present(self.payload, wanted)
        own, outer = present(self.element, wanted), present(self.payload, wanted)
        return {f: own[f] | outer[f].gather(self.around) for f in wanted}

    def filtered(self, kept: pl.Series) -> "Documents":
        """Only the documents where the mask is true."""
        if self.element is None or self.around is None:
            return replace(self, payload=self.payload.filter(kept))
        return replace(self, element=self.element.filter(kept), around=self.around.filter(kept))
