"""Who is enrolled: one card each, and the line to enrol another."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from device.gallery import Person
from device.session.orders import Enrol, Forget, Request
from device.ui.feed import Snapshot
from device.ui.parts import Button, Confirm, Entry, Part, Words

Ask = Callable[[Request], Awaitable[None]]


class People:
    """Call `show` with each new snapshot."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._shown: tuple[tuple[Person, ...], str, bool] | None = None
        with Part("section", "people card", aria_labelledby="people-title"):
            Words("h2", "Enrolled", id="people-title")
            self._list = Part("ul", "cards")
            self._entry = Entry(self._enrol, label="Enrol somebody", button="Enrol", name="name")
            self._refusal = Words("p", "", "refusal", role="alert")
            self._confirm = Confirm()

    async def _enrol(self, name: str) -> None:
        await self._ask(Enrol(name))

    def show(self, snapshot: Snapshot) -> None:
        """Say who is enrolled, and why the last request was refused."""
        busy = bool(snapshot.enrolling) or snapshot.board_away
        self._entry.block(busy)
        self._refusal.set_text(snapshot.refusal)
        self._refusal.set_visibility(bool(snapshot.refusal))
        shown = (snapshot.people, snapshot.status.person, busy)
        if shown != self._shown:
            self._shown = shown
            self._list.clear()
            with self._list:
                for person in snapshot.people:
                    self._card(person, present=person.name == snapshot.status.person, busy=busy)
                if not snapshot.people:
                    Words("li", "Nobody yet.", "nobody")

    def _card(self, person: Person, *, present: bool, busy: bool) -> None:
        async def add() -> None:
            await self._ask(Enrol(person.name, add=True))

        async def forget() -> None:
            await self._ask(Forget(person.name))

        async def ask_first() -> None:
            text = "The reference is removed from this device for good. The audit log keeps the name for a while."
            self._confirm.ask(f"Forget {person.name}?", text, "Forget", forget)

        with Part("li", "person present" if present else "person"):
            Words("span", _initials(person.name), "initials", aria_hidden="true")
            with Part("div", "who"):
                Words("strong", person.name)
                Words("span", "wears the sensor" if present else _since(person), "muted")
            blocked = {"disabled": "disabled"} if busy else {}
            Button("Add session", add, "quiet", aria_label=f"Add a session of {person.name}", **blocked)
            Button("Forget", ask_first, "quiet", aria_label=f"Forget {person.name}", **blocked)


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split()[:2]).upper()


def _since(person: Person) -> str:
    day = datetime.fromisoformat(person.enrolled_at_utc).astimezone()
    return f"{day:%d %b %Y}, {person.good_windows} windows"
