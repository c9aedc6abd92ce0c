"""The device's branches of the error tree: each with a reason that a caller can branch on."""

from enum import StrEnum

from firmware_bridge.errors import PulsekeyError


class BundleReason(StrEnum):
    """Why a bundle could not be used."""

    MISSING = "missing bundle"
    MISSING_FILE = "missing file"
    DAMAGED = "damaged file"
    UNSIGNED = "no signature"
    BAD_SIGNATURE = "signature does not match"
    UNTRUSTED = "signed with a key that is not trusted"
    FORMAT_VERSION = "other format version"
    MALFORMED = "malformed manifest"
    FRONT_END = "front end does not match its digest"
    NO_RUNTIME = "no inference runtime"
    BAD_MODEL = "model cannot be run"
    GOLDEN = "model does not answer its golden vectors"


class BundleError(PulsekeyError):
    """A bundle that is absent, damaged, or whose model cannot be trusted to run here."""

    def __init__(self, reason: BundleReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class TrustReason(StrEnum):
    """Why the trusted keys could not be read or changed."""

    MALFORMED = "not an Ed25519 public key"
    UNREADABLE = "keys cannot be read"
    UNWRITABLE = "keys cannot be written"
    UNKNOWN_KEY = "no such trusted key"
    SHIPS = "key ships with pulsekey"


class TrustError(PulsekeyError):
    """A key that is not one, or a change of the trusted keys that is refused."""

    def __init__(self, reason: TrustReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class GalleryReason(StrEnum):
    """Why the gallery could not do what was asked."""

    EMPTY = "nobody is enrolled"
    ALREADY_ENROLLED = "name already enrolled"
    UNKNOWN_NAME = "unknown name"
    INVALID_NAME = "invalid name"
    OTHER_MODEL = "enrolled with another model"
    DAMAGED = "damaged store"
    FOREIGN = "another program's file"
    FORMAT_VERSION = "other store version"
    NO_KEY = "key or passphrase missing"
    WRONG_KEY = "wrong key or passphrase"
    ALTERED = "store was tampered with"
    ROLLED_BACK = "an old store was put back"
    WRONG_PIN = "wrong PIN"
    BAD_PARCEL = "not a person's file, or the wrong passphrase"
    BUSY = "store in use"
    UNWRITABLE = "store cannot be opened or written"


class GalleryError(PulsekeyError):
    """A gallery that cannot be opened, or a request that it refuses."""

    def __init__(self, reason: GalleryReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class SignalReason(StrEnum):
    """Why a signal could not be used."""

    SHAPE = "wrong shape"
    NOT_FINITE = "not finite"
    CONSTANT = "constant"
    RATE = "impossible sampling rate"
    NO_SAMPLES = "no samples"
    TOO_FEW_GOOD_WINDOWS = "too few good windows"
    TOO_FEW_PEOPLE = "too few people"


class SignalError(PulsekeyError):
    """A signal from which no embedding, reference or decision can honestly be made."""

    def __init__(self, reason: SignalReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class HookReason(StrEnum):
    """Why what hangs on the lock could not follow it."""

    NOT_STARTED = "program cannot be started"
    TIMED_OUT = "took too long"
    FAILED = "program failed"
    NO_GPIO = "no GPIO"
    BROKER_AWAY = "broker away"


class HookError(PulsekeyError):
    """A program, pin or broker that does not know that the lock has changed."""

    def __init__(self, reason: HookReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class PresentationErrorReason(StrEnum):
    """Why a presentation could not be examined."""

    NO_COMMANDS = "board takes no commands"


class PresentationError(PulsekeyError):
    """A source whose presentations cannot be examined as was asked."""

    def __init__(self, reason: PresentationErrorReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class CommandReason(StrEnum):
    """Why a command could not be carried out."""

    BAD_ARGUMENT = "bad argument"
    UNKNOWN_COMMAND = "unknown command"
    NOT_INSTALLED = "part not installed"
    UNWRITABLE = "output cannot be written"
    CANNOT_LISTEN = "page cannot be served"
    WRONG_OUTCOME = "wrong outcome"


class CommandError(PulsekeyError):
    """A command line that asks for something that cannot be done."""

    def __init__(self, reason: CommandReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
