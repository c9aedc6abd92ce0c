"""The bytes of one connection to messages, without I/O: frames or a text sketch, whichever speaks first."""

from firmware_bridge.commands import Commands
from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.framing import FrameDecoder
from firmware_bridge.link_warnings import LinkWarnings
from firmware_bridge.messages import Message, RecordingEnded, SampleBlock
from firmware_bridge.protocol import VERSION, AckFrame, BoardInfo, DataFrame, EventCode, EventFrame, Frame, InfoFrame
from firmware_bridge.samples import FrameSamples
from firmware_bridge.seal_check import SealCheck
from firmware_bridge.sketches import Sketch, is_text
from firmware_bridge.tallies import Tally

SURE_VERSION_FRAMES = 3
"""So many right CRCs of another version are no chance: at a wrong baud rate one in 65536 pieces has one."""


class Link:
    """Decodes one connection; a reconnection takes a new one with the same tally and commands.

    Args:
        tally: counts into.
        commands: what ACKs are answers to.
        baud: of a tty, None where a port has none.
        seal: which DATA is believed; without, all of it. Text, which nobody can seal, gives no samples then.
    """

    def __init__(
        self, tally: Tally, commands: Commands, baud: int | None = None, seal: SealCheck | None = None
    ) -> None:
        self._tally = tally
        self._commands = commands
        self._seal = seal
        self._now_s, self._ended = 0.0, False
        self._warnings = LinkWarnings(tally, baud)
        self._decoder: FrameDecoder | None = FrameDecoder()
        self._sketch: Sketch | None = Sketch(tally)
        self._frames = FrameSamples(tally)
        self._dropped = 0
        self._info: BoardInfo | None = None
        self._received = 0

    @property
    def speaks_frames(self) -> bool:
        """Whether a frame of this version has come."""
        return self._sketch is None

    @property
    def speaks(self) -> bool:
        """Whether the other end is known to be a board or a sketch."""
        return self._sketch is None or self._decoder is None

    @property
    def info(self) -> BoardInfo | None:
        """What the board said of itself last, in this connection."""
        return self._info

    def feed(self, data: bytes, t_us: int) -> list[Message]:
        """The messages that ``data``, arrived at ``t_us`` of the host's clock, completes."""
        self._received += len(data)
        self._now_s = t_us / 1e6
        messages = self._read(data, t_us)
        return [*messages, *self._warn(messages)]

    def _read(self, data: bytes, t_us: int) -> list[Message]:
        messages: list[Message] = []
        if self._decoder:
            frames = self._decoder.feed(data)
            if frames:
                self._sketch = None
            messages += [message for frame in frames if (message := self._message(frame)) is not None]
        if self._sketch:
            said = self._sketch.feed(data, t_us)
            messages += said if self._seal is None else []
            if self._sketch.recognised:
                self._decoder = None
        if self._decoder and self.speaks_frames:
            dropped = self._decoder.counts.dropped
            self._tally.corrupt += dropped - self._dropped
            self._dropped = dropped
        return messages

    def _warn(self, messages: list[Message]) -> list[Message]:
        warnings: list[Message] = []
        if self._sketch and self._sketch.recognised:
            warnings += self._warnings.of_text()
        for message in messages:
            if isinstance(message, SampleBlock):
                has_red = self._sketch is None or self._sketch.has_red
                warnings += self._warnings.after(message, self._info, has_red)
        return warnings

    def _message(self, frame: Frame) -> Message | None:
        if isinstance(frame, DataFrame):
            return self._data(frame)
        if isinstance(frame, InfoFrame):
            if self._seal:
                self._seal.info(frame, self._now_s)
            info = self._frames.info(frame)
            news = info if info != self._info else None
            self._info = info
            return news
        if isinstance(frame, AckFrame):
            return self._commands.answer(frame)
        if isinstance(frame, EventFrame) and frame.code is EventCode.END_OF_RECORDING:
            self._frames.end(frame)
            self._ended = True
            return RecordingEnded()
        return None

    def _data(self, frame: DataFrame) -> SampleBlock | None:
        if self._seal is None:
            return self._frames.data(frame)
        proven = self._seal.proven
        return self._frames.data(frame, heard_before=proven) if self._seal.accepts(frame, self._now_s) else None

    def take_nonce(self) -> int | None:
        """The nonce that the board is to be sent now, if one is due."""
        return self._seal.take_nonce() if self._seal else None

    @property
    def is_doubtful(self) -> bool:
        """Whether the other end should seal its samples, and has not for 3 s, or until its end, or cannot."""
        if self._seal is None or not self.speaks:
            return False
        return not self.speaks_frames or self._seal.overdue or (self._ended and not self._seal.proven)

    def diagnosis(self, url: str, baud: int, waited_s: float) -> PortError:
        """Why nothing that can be read came from ``url`` in ``waited_s`` seconds."""
        if not self._received:
            return PortError(
                PortReason.SILENT,
                f"{url} is silent: no byte in {waited_s:.0f} s; is the board powered and its sketch running?",
            )
        if self._decoder and self._decoder.counts.unknown_version >= SURE_VERSION_FRAMES:
            return PortError(
                PortReason.UNKNOWN_VERSION,
                f"the board at {url} speaks protocol version {self._decoder.unknown_version}, this pulsekey "
                f"version {VERSION}; flash the board with this pulsekey's firmware",
            )
        text = [line for line in self._sketch.unknown if is_text(line)] if self._sketch else []
        if self._sketch and 2 * len(text) > len(self._sketch.unknown):
            return PortError(
                PortReason.UNKNOWN_FORMAT,
                f"{url} prints text in a format nobody knows, such as {text[-1].decode('ascii')[:60]!r}; "
                "print lines such as 'IR:1,RED:2' or flash the board with pulsekey's firmware",
            )
        return PortError(
            PortReason.WRONG_BAUD,
            f"{url} sends bytes but neither frames nor text in {waited_s:.0f} s at {baud} baud; "
            "is the board set to another rate?",
        )
