"""A small language for evidence: figures, arithmetic, one comparison, calls of known functions.

Evidence comes from a data file that anyone may supply, so it is parsed here, by hand, into a tree of four
kinds of node. There is no attribute, index, assignment, loop or power, nothing is ever passed to Python's
own compiler, and size and depth are bounded.

    comparison := sum [("<" | ">" | "<=" | ">=") sum]
    sum        := product {("+" | "-") product}
    product    := factor {("*" | "/") factor}
    factor     := "-" factor | number | text | "(" comparison ")" | call
    call       := name "(" [argument {"," argument}] ")"
    argument   := comparison | name "=" constant
    constant   := text | ["-"] number | "[" text {"," text} "]"
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from peelbook.errors import PeelbookError

MAX_LENGTH = 4000
MAX_DEPTH = 24
MAX_TOKENS = 500


class ExpressionError(PeelbookError):
    """An evidence expression cannot be read. `position` is the character at fault, from 1."""

    def __init__(self, expression: str, position: int, problem: str):
        super().__init__(f"character {position}: {problem}")
        self.expression, self.position, self.problem = expression, position, problem

    def __reduce__(self):
        return (type(self), (self.expression, self.position, self.problem))


@dataclass(frozen=True)
class Number:
    """A number, exactly as written."""

    value: Fraction


@dataclass(frozen=True)
class Text:
    """A piece of quoted text; only calls take it."""

    value: str


@dataclass(frozen=True)
class Call:
    """A call of a function by name."""

    name: str
    arguments: tuple[Node, ...] = ()
    named: tuple[tuple[str, Constant], ...] = ()


@dataclass(frozen=True)
class Operation:
    """`left sign right`; the sign is one of `+ - * / < > <= >=`. A leading minus is 0 − x."""

    sign: str
    left: Node
    right: Node


Node = Number | Text | Call | Operation
Constant = str | Fraction | tuple[str, ...]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>\d+(?:\.\d+)?(?![\w.]))
      | (?P<text>"[^"\\\n]*")
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign><=|>=|[-+*/<>=(),\[\]])
    )""",
    re.VERBOSE,
)
_COMPARISONS = ("<", ">", "<=", ">=")


def parse(expression: str) -> Node:
    """Return the tree of an expression. Raises `ExpressionError` for anything outside the language."""
    if len(expression) > MAX_LENGTH:
        raise ExpressionError(expression, MAX_LENGTH + 1, f"longer than {MAX_LENGTH:,} characters")
    return _Parser(expression).whole()


def alternatives(evidence: str) -> list[Node]:
    """Return the trees of evidence: expressions parted by semicolons, the best first."""
    return [parse(part) for part in evidence.split(";")]


def calls(node: Node) -> Iterator[Call]:
    """All calls in a tree, outermost first."""
    if isinstance(node, Operation):
        yield from calls(node.left)
        yield from calls(node.right)
    elif isinstance(node, Call):
        yield node
        for argument in node.arguments:
            yield from calls(argument)


def swapped(node: Node, old: Call, new: Node) -> Node:
    """The tree with every call equal to `old` replaced."""
    if node == old:
        return new
    if isinstance(node, Operation):
        return replace(node, left=swapped(node.left, old, new), right=swapped(node.right, old, new))
    if isinstance(node, Call):
        return replace(node, arguments=tuple(swapped(argument, old, new) for argument in node.arguments))
    return node


class _Parser:
    def __init__(self, expression: str):
        self.expression = expression
        self.tokens: list[tuple[str, str, int]] = []
        self.place = 0
        self.depth = 0
        end = len(expression.rstrip())
        position = 0
        while position < end:
            match = _TOKEN.match(expression, position)
            if match is None or match.lastgroup is None:
                start = position + len(expression[position:]) - len(expression[position:].lstrip())
                raise ExpressionError(
                    expression, start + 1, f"cannot read {expression[start : start + 12]!r}"
                )
            kind = match.lastgroup
            self.tokens.append((kind, match[kind], match.start(kind) + 1))
            position = match.end()
            if len(self.tokens) > MAX_TOKENS:
                raise ExpressionError(expression, position, f"more than {MAX_TOKENS} words and signs")
        self.tokens.append(("end", "", end + 1))

    def fail(self, problem: str) -> ExpressionError:
        return ExpressionError(self.expression, self.tokens[self.place][2], problem)

    @property
    def token(self) -> str:
        """The text of the next token, `""` at the end or for quoted text."""
        kind, text, _ = self.tokens[self.place]
        return "" if kind == "text" else text

    def take(self, expected: str = "") -> tuple[str, str]:
        kind, text, _ = self.tokens[self.place]
        if expected and self.token != expected:
            raise self.fail(f"expected {expected!r}" + (f", found {text!r}" if text else ", found the end"))
        self.place += 1
        return kind, text

    def whole(self) -> Node:
        node = self.comparison()
        if self.tokens[self.place][0] != "end":
            raise self.fail(f"unexpected {self.tokens[self.place][1]!r}")
        return node

    def comparison(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"nested more than {MAX_DEPTH} deep")
        node = self.sum()
        if self.token in _COMPARISONS:
            _, sign = self.take()
            node = Operation(sign, node, self.sum())
        self.depth -= 1
        return node

    def sum(self) -> Node:
        node = self.product()
        while self.token in ("+", "-"):
            _, sign = self.take()
            node = Operation(sign, node, self.product())
        return node

    def product(self) -> Node:
        node = self.factor()
        while self.token in ("*", "/"):
            _, sign = self.take()
            node = Operation(sign, node, self.factor())
        return node

    def factor(self) -> Node:
        kind, text, _ = self.tokens[self.place]
        if kind == "number":
            self.take()
            return Number(Fraction(text))
        if kind == "text":
            self.take()
            return Text(text[1:-1])
        if kind == "name":
            return self.call()
        if text == "(":
            self.take()
            node = self.comparison()
            self.take(")")
            return node
        if text == "-":
            self.take()
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise self.fail(f"nested more than {MAX_DEPTH} deep")
            node = self.factor()
            self.depth -= 1
            return Operation("*", Number(Fraction(-1)), node)
        raise self.fail(f"expected a figure, found {text!r}" if text else "expected a figure, found the end")

    def call(self) -> Node:
        _, name = self.take()
        self.take("(")
        arguments: list[Node] = []
        named: list[tuple[str, Constant]] = []
        while self.token != ")":
            if arguments or named:
                self.take(",")
            if self.tokens[self.place][0] == "name" and self.tokens[self.place + 1][1] == "=":
                _, key = self.take()
                if key in dict(named):
                    raise self.fail(f"{key!r} is given twice")
                self.take("=")
                named.append((key, self.constant()))
            elif named:
                raise self.fail("a plain argument after a named one")
            else:
                arguments.append(self.comparison())
        self.take(")")
        return Call(name, tuple(arguments), tuple(named))

    def constant(self) -> Constant:
        if self.token == "[":
            self.take()
            items: list[str] = []
            while self.token != "]":
                if items:
                    self.take(",")
                items.append(self.quoted())
            self.take("]")
            return tuple(items)
        sign = 1
        if self.token == "-":
            self.take()
            sign = -1
        if self.tokens[self.place][0] == "number":
            return sign * Fraction(self.take()[1])
        return self.quoted()

    def quoted(self) -> str:
        if self.tokens[self.place][0] != "text":
            raise self.fail("expected quoted text")
        return self.take()[1][1:-1]
