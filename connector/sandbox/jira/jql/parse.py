"""From the text of a query to its parts: OR binds loosest, NOT tightest. Errors are worded as the site's."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

from connector.sandbox.jira.jql.lexer import PREFIX, Token, tokens
from connector.sandbox.jira.jql.syntax import (
    Both,
    Clause,
    Either,
    Empty,
    Function,
    JqlError,
    Listed,
    Negated,
    Node,
    Operand,
    Order,
    Query,
    Single,
    Value,
    Words,
)

MOST_ORDERS = 7
SIGNS = ("=", "!=", "<", ">", "<=", ">=", "~", "!~")
OPERATORS = "'=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'"
# The words of the language, and some that are reserved for it to grow.
RESERVED = frozenset(files(__package__).joinpath("reserved.txt").read_text(encoding="utf-8").split())
GRAMMAR = ("and", "or", "not", "empty", "null", "order", "by", "in", "is", "was", "changed")


def parse(text: str, is_field: Callable[[str], bool] = lambda _: True) -> Query:
    """Read a query. `is_field` tells whether a name is a field's: bare words that begin with none are a
    search.

    JqlError says what is wrong, as the site would.
    """
    found = tokens(text)
    if found and all(token.kind in {"word", "string"} for token in found) and _is_text(found, is_field):
        return Query(Words(" ".join(token.text for token in found)))
    return _Parser(found).query()


def _is_text(found: list[Token], is_field: Callable[[str], bool]) -> bool:
    first = found[0]
    return not is_field(first.text) and not first.is_word(*GRAMMAR)


def _where(token: Token) -> str:
    return f"(line 1, character {token.place})"


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens, self._at = found, 0

    @property
    def _token(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _word(self, *words: str) -> bool:
        """Take the next token if it is one of these words."""
        if self._token and self._token.is_word(*words):
            self._at += 1
            return True
        return False

    def _sign(self, *signs: str) -> bool:
        if self._token and self._token.is_sign(*signs):
            self._at += 1
            return True
        return False

    def _wrong(self, expected: str, before_the_end: str = "") -> JqlError:
        """What was expected, and what stands there instead."""
        if self._token is None:
            tail = f" {before_the_end}" if before_the_end else ""
            return JqlError(f"{PREFIX}Expecting {expected} before the end of the query.{tail}")
        token = self._token
        return JqlError(f"{PREFIX}Expecting {expected} but got '{token.text}'. {_where(token)}")

    # -- the query

    def query(self) -> Query:
        where = None
        if self._token and not self._token.is_word("order"):
            where = self._either()
        order = self._order() if self._word("order") else ()
        if self._token:
            raise self._wrong("',' or end of query" if order else "either 'OR' or 'AND'")
        return Query(where, order)

    def _either(self) -> Node:
        parts = [self._both()]
        while self._word("or") or self._sign("|", "||"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Node:
        parts = [self._one()]
        while self._word("and") or self._sign("&", "&&"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self) -> Node:
        if self._word("not") or self._sign("!"):
            return Negated(self._one())
        if self._sign("("):
            inner = self._either()
            if not self._sign(")"):
                raise self._wrong("')'")
            return inner
        return self._clause()

    # -- a clause

    def _clause(self) -> Node:
        name = self._field()
        operator = self._operator()
        if operator == "changed":
            return Clause(name, operator, Empty())
        if operator in {"in", "not in", "was in", "was not in"}:
            return Clause(name, operator, self._list_or_function())
        if operator in {"is", "is not"}:
            if not self._word("empty", "null"):
                raise self._wrong("either 'EMPTY' or 'NULL'")
            return Clause(name, operator, Empty())
        return Clause(name, operator, self._operand())

    def _field(self) -> str:
        token = self._token
        if token is None:
            raise self._wrong("a field name")
        if token.kind == "sign":
            raise JqlError(
                f"{PREFIX}Expecting a field name but got '{token.text}'. You must surround '{token.text}' in"
                f" quotation marks to use it as a field name. {_where(token)}"
            )
        self._unreserved(token)
        return self._take().text

    def _unreserved(self, token: Token) -> None:
        if token.kind == "word" and token.text.lower() in RESERVED:
            raise JqlError(
                f"{PREFIX}'{token.text}' is a reserved JQL word. You must surround it in quotation marks to"
                f" use it in a query. {_where(token)}"
            )

    def _operator(self) -> str:
        if self._token and self._token.is_sign(*SIGNS):
            return self._take().text
        if self._word("in"):
            return "in"
        if self._word("is"):
            return "is not" if self._word("not") else "is"
        if self._word("not") and self._word("in"):
            return "not in"
        if self._word("was"):
            negated = "was not" if self._word("not") else "was"
            return f"{negated} in" if self._word("in") else negated
        if self._word("changed"):
            return "changed"
        if self._token is None:
            raise self._wrong("operator", f"The valid operators are {OPERATORS}.")
        token = self._token
        raise JqlError(
            f"{PREFIX}Expecting operator but got '{token.text}'. The valid operators are {OPERATORS}."
            f" {_where(token)}"
        )

    def _list_or_function(self) -> Operand:
        if not self._sign("("):
            operand = self._operand()
            if isinstance(operand, Function):
                return operand
            raise JqlError(f"{PREFIX}Expecting '(' but got something else.")
        values = [self._single()]
        while self._sign(","):
            values.append(self._single())
        if not self._sign(")"):
            raise self._wrong("')'")
        return Listed(tuple(values))

    def _operand(self) -> Single:
        return self._single()

    def _single(self) -> Single:
        token = self._token
        if token is None:
            raise self._wrong("either a value, list or function")
        if self._word("empty", "null"):
            return Empty()
        if token.kind == "sign" or token.is_word(*GRAMMAR):
            raise JqlError(
                f"{PREFIX}Expecting either a value, list or function but got '{token.text}'. You must"
                f" surround '{token.text}' in quotation marks to use it as a value. {_where(token)}"
            )
        self._unreserved(token)
        self._take()
        if self._sign("("):
            return Function(token.text, self._arguments())
        return Value(token.text, token.kind == "string")

    def _arguments(self) -> tuple[str, ...]:
        found: list[str] = []
        while not self._sign(")"):
            if self._token is None:
                raise self._wrong("')'")
            if not self._sign(","):
                found.append(self._take().text)
        return tuple(found)

    # -- the order

    def _order(self) -> tuple[Order, ...]:
        if not self._word("by"):
            raise self._wrong("'by'")
        orders = [self._ordered()]
        while self._sign(","):
            orders.append(self._ordered())
        if len(orders) > MOST_ORDERS:
            raise JqlError(f"JQL can be ordered by at most {MOST_ORDERS} fields.")
        return tuple(orders)

    def _ordered(self) -> Order:
        name = self._field()
        if self._word("asc"):
            return Order(name, descending=False)
        return Order(name, descending=True if self._word("desc") else None)
