"""Files of events: what their own JSON has, and what may be said of a file."""

from recomengine.events.column_names import OWN_NAMES
from recomengine.events.columns import plan
from recomengine.events.schemas import EventIn
from recomengine.files.plan import Kind, Options
from recomengine.files.query import FileQuery, mapping_of

FIELDS = list(OWN_NAMES)
"""What a column may be said to be."""
EVENTS = Kind(plan, frozenset(EventIn.__struct_encode_fields__), "userId")


class EventFileQuery(FileQuery, frozen=True, kw_only=True):
    """The query of POST events/import."""

    def options(self) -> Options:
        return Options(
            format=self.format, map=mapping_of(self.map), separator=self.separator, encoding=self.encoding
        )  # fmt: skip


class EventPreviewQuery(EventFileQuery, frozen=True, kw_only=True):
    """The query of POST events/import/preview. whole: whether the body is the file to its end."""

    whole: bool = True
