class Workspace:
    """Scratch of `rank`, grown to the largest catalog and the most sequences seen. One a thread; not shared."""

    def __init__(self) -> None: ...
