"""Frames that a board sent, by their type."""

from firmware_bridge.protocol import AckFrame, DataFlags, DataFrame, EventFrame, Frame, InfoFrame


class ByType:
    """For classes that have frames, in order."""

    frames: list[Frame]

    @property
    def data(self) -> list[DataFrame]:
        return [frame for frame in self.frames if isinstance(frame, DataFrame)]

    @property
    def infos(self) -> list[InfoFrame]:
        return [frame for frame in self.frames if isinstance(frame, InfoFrame)]

    @property
    def acks(self) -> list[AckFrame]:
        return [frame for frame in self.frames if isinstance(frame, AckFrame)]

    @property
    def events(self) -> list[EventFrame]:
        return [frame for frame in self.frames if isinstance(frame, EventFrame)]

    def flagged(self, flag: DataFlags) -> list[DataFrame]:
        return [frame for frame in self.data if flag in frame.flags]
