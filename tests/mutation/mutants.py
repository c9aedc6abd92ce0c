"""Every mutant of a file, and a seeded sample of them; the changes are Cosmic Ray's.

Left out is what can change nothing that a test could see: annotations, the arguments of `@dataclass`, and `is` for
`==`. So are `except` clauses with a dotted name, which Cosmic Ray cannot change.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest

import parso
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider
from parso.tree import NodeOrLeaf

IDENTITY = {"Is", "IsNot"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file, and where it is: line from 1, column from 0."""

    file: str
    line: int
    column: int
    operator: str
    occurrence: int

    def source(self, original: str) -> str:
        """The file's text with the change."""
        changed = mutate_code(original, OperatorProvider()[self.operator](), self.occurrence)
        if changed is None:
            raise ValueError(f"{self.file} has no place {self.occurrence} for {self.operator}")
        return str(changed)

    def shown(self, original: str) -> str:
        """`file:line: old -> new`."""
        pairs = zip_longest(original.split("\n"), self.source(original).split("\n"), fillvalue="")
        old, new = next((old, new) for old, new in pairs if old != new)
        return f"{self.file}:{self.line}: {old.strip()}  ->  {new.strip()}  ({self.operator})"


def all_mutants(file: str, source: str) -> list[Mutant]:
    """Every mutant of a file, in the order of its operators; some may not compile."""
    nodes = list(_nodes(parso.parse(source)))
    found = []
    for name in OperatorProvider():
        if name.startswith("Variable") or _is_for_equal(name):
            continue
        operator = OperatorProvider()[name]()
        places = ((node, start) for node in nodes for start, _ in operator.mutation_positions(node))
        for occurrence, (node, (line, column)) in enumerate(places):
            if not _unseen(node) and not (name == "ExceptionReplacer" and _dotted(node)):
                found.append(Mutant(file, line, column, name, occurrence))
    return found


def sample_of(sources: Mapping[str, str], mutants: Sequence[Mutant], size: int, seed: int) -> list[Mutant]:
    """At most `size` that compile: places are drawn, then one change of each, so that no `+` counts twelve times.

    Only where every place is used up does one give a second change. `sources` are the files' texts.
    """
    rng = random.Random(seed)
    places: dict[tuple[str, int, int, str], list[Mutant]] = {}
    for mutant in mutants:
        family = mutant.operator.partition("_")[0]
        places.setdefault((mutant.file, mutant.line, mutant.column, family), []).append(mutant)
    queues = list(places.values())
    rng.shuffle(queues)
    for queue in queues:
        rng.shuffle(queue)
    drawn = (mutant for turn in zip_longest(*queues) for mutant in turn if mutant is not None)
    return list(islice((one for one in drawn if _compiles(one.source(sources[one.file]))), size))


def _nodes(top: NodeOrLeaf) -> Iterator[NodeOrLeaf]:
    """A node and all below it, in the order in which Cosmic Ray counts them."""
    yield top
    for child in getattr(top, "children", []):
        yield from _nodes(child)


def _is_for_equal(operator: str) -> bool:
    if not operator.startswith("ReplaceComparisonOperator"):
        return False
    _, before, after = operator.split("_")
    return (before in IDENTITY) != (after in IDENTITY)


def _unseen(node: NodeOrLeaf) -> bool:
    """Within an annotation, or among a dataclass's arguments."""
    inner: NodeOrLeaf = node
    while inner.parent is not None:
        outer = inner.parent
        if outer.type == "annassign" and outer.children[1] is inner:
            return True
        if outer.type == "tfpdef" and outer.children[-1] is inner:
            return True
        if outer.type == "funcdef" and getattr(outer, "annotation", None) is inner:
            return True
        if outer.type == "decorator" and outer.get_code(include_prefix=False).startswith("@dataclass("):
            return True
        inner = outer
    return False


def _dotted(clause: NodeOrLeaf) -> bool:
    return "." in clause.get_code(include_prefix=False)


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True
