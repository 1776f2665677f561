"""HCL as blocks with expressions that stay apart from their values: what python-hcl2 parses, before it is turned into text. Pure.

The parser is imported when the first text is read: it takes 40 ms, and who uses built-in types only reads none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from provisioner.model import Json

if TYPE_CHECKING:
    from lark import Token, Tree

Expression: TypeAlias = "Tree[Token]"
SPACE = ("new_line_or_comment",)
WORDS: dict[str, Json] = {"true": True, "false": False, "null": None}
ESCAPES = {'\\"': '"', "\\n": "\n", "\\t": "\t", "\\r": "\r", "\\\\": "\\"}


class Unreadable(ValueError):
    """The text is no HCL; says where."""


class NotLiteral(ValueError):
    """The expression has no value before Terraform works it out."""


@dataclass(frozen=True)
class Block:
    """`variable "name" { … }`: kind, labels, attributes by name, blocks within."""

    kind: str
    labels: tuple[str, ...]
    attributes: dict[str, Expression]
    blocks: tuple[Block, ...]


def read(text: str) -> Block:
    """A file's blocks, as one block without a kind. Raises Unreadable."""
    from hcl2.parser import parser
    from lark.exceptions import LarkError

    try:
        # the parser that hcl2.loads uses, too: its tables are kept on disk; those of hcl2.parses are made anew, which takes a second
        root = parser().parse(text if text.endswith("\n") else text + "\n")
    except LarkError as error:
        raise Unreadable(str(error).strip().splitlines()[0]) from None
    return _body("", (), _nodes(root)[0])


def as_json(text: str) -> dict[str, list[Json]]:
    """A file in the shape of Terraform's JSON: kind to blocks, each below its labels; what is no literal as its text. Raises Unreadable."""
    found: dict[str, list[Json]] = {}
    for block in read(text).blocks:
        found.setdefault(block.kind, []).append(_labelled(block, text))
    return found


def _labelled(block: Block, text: str) -> Json:
    body: Json = {name: _said(tree, text) for name, tree in block.attributes.items()}
    for inner in block.blocks:
        body.setdefault(inner.kind, []).append(_labelled(inner, text))
    for label in reversed(block.labels):
        body = {label: body}
    return body


def _said(tree: Expression, text: str) -> Json:
    if (inner := fields(tree)) is not None:
        return {name: _said(below, text) for name, below in inner}
    if (listed := items(tree)) is not None:
        return [_said(item, text) for item in listed]
    try:
        return value(tree)
    except NotLiteral:
        return text[tree.meta.start_pos:tree.meta.end_pos]


def expression(text: str) -> Expression:
    """One expression, such as a type constraint out of JSON. Raises Unreadable."""
    return read(f"it = {text}").attributes["it"]


def _body(kind: str, labels: tuple[str, ...], body: Expression) -> Block:
    attributes: dict[str, Expression] = {}
    blocks: list[Block] = []
    for node in _nodes(body):
        parts = _nodes(node)
        if node.data == "attribute":
            attributes[_name(parts[0])] = parts[1]
        elif node.data == "block":
            heads = [_name(part) if part.data == "identifier" else str(value(part)) for part in parts[:-1]]
            blocks.append(_body(heads[0], tuple(heads[1:]), parts[-1]))
    return Block(kind, labels, attributes, tuple(blocks))


def _nodes(tree: Expression) -> list[Expression]:
    return [child for child in tree.children if _is_tree(child) and child.data not in SPACE]


def _is_tree(child: Expression | Token | None) -> TypeGuard[Expression]:
    """Tokens are texts; where something optional is left out there is None."""
    return child is not None and not isinstance(child, str)


def _name(tree: Expression) -> str:
    return "".join(str(child) for child in tree.children)


def bare(tree: Expression) -> Expression:
    """The expression without the parentheses and wrappers around it."""
    while tree.data == "expr_term" and len(_nodes(tree)) == 1:
        tree = _nodes(tree)[0]
    return tree


def identifier(tree: Expression) -> str:
    """`string` of an expression that is one word, else nothing."""
    tree = bare(tree)
    return _name(tree) if tree.data == "identifier" else ""


def variable(tree: Expression) -> str:
    """`NAME` or `NAME.FIELD` of var.NAME, else nothing."""
    tree = bare(tree)
    path: list[str] = []
    while tree.data == "get_attr_expr_term":
        tree, attribute = (bare(node) for node in _nodes(tree))
        path.insert(0, _name(_nodes(attribute)[0]))
    return ".".join(path) if identifier(tree) == "var" else ""


def call(tree: Expression) -> tuple[str, list[Expression]]:
    """Name and arguments of a function call; an empty name where it is none."""
    tree = bare(tree)
    if tree.data != "function_call":
        return "", []
    name, *arguments = _nodes(tree)
    return _name(name), _nodes(arguments[0]) if arguments else []


def fields(tree: Expression) -> list[tuple[str, Expression]] | None:
    """The entries of `{ name = expression }`; None where it is no such thing."""
    tree = bare(tree)
    if tree.data != "object":
        return None
    return [(_key(key), below) for element in _nodes(tree) for key, below in [_nodes(element)]]


def _key(tree: Expression) -> str:
    inner = _nodes(tree)[0] if _nodes(tree) else tree
    return _name(inner) if inner.data == "identifier" else str(value(inner))


def items(tree: Expression) -> list[Expression] | None:
    """The expressions of `[ … ]`; None where it is no such thing."""
    tree = bare(tree)
    return _nodes(tree) if tree.data == "tuple" else None


def operands(tree: Expression) -> list[Expression | str]:
    """`a && b >= c` as a flat list of operands and operators: python-hcl2's grammar knows no precedence."""
    return list(_flat(bare(tree)))


def _flat(tree: Expression) -> Iterator[Expression | str]:
    if tree.data == "binary_op":
        left, rest = _nodes(tree)
        operator, right = _nodes(rest)
        yield from _flat(left)
        yield _name(operator)
        yield from _flat(right)
    elif tree.data == "binary_term":
        operator, right = _nodes(tree)
        yield _name(operator)
        yield from _flat(right)
    else:
        yield tree


def value(tree: Expression) -> Json:
    """The value of a literal. Raises NotLiteral."""
    tree = bare(tree)
    inner: Any
    if tree.data == "string":
        return _text(tree)
    if tree.data in ("int_lit", "float_lit"):
        text = _name(tree)
        return int(text) if tree.data == "int_lit" else float(text)
    if tree.data == "identifier" and _name(tree) in WORDS:
        return WORDS[_name(tree)]
    if tree.data == "unary_op" and str(tree.children[0]) == "-" and isinstance(inner := value(_nodes(tree)[0]), int | float):
        return -inner
    if (inner := items(tree)) is not None:
        return [value(item) for item in inner]
    if (inner := fields(tree)) is not None:
        return {name: value(below) for name, below in inner}
    if tree.data in ("heredoc_template", "heredoc_template_trim"):
        return _heredoc(str(tree.children[0]), tree.data == "heredoc_template_trim")
    raise NotLiteral(str(tree.data))


def _text(tree: Expression) -> str:
    found = ""
    for part in tree.children:
        token = part.children[0] if _is_tree(part) else part
        if _is_tree(token):
            raise NotLiteral("interpolation")
        if getattr(part, "data", "") == "string_part":
            found += str(token).replace("$${", "${")
    return _unescaped(found)


def _unescaped(text: str) -> str:
    parts, index = [], 0
    while index < len(text):
        pair = text[index:index + 2]
        if pair == "\\u" and len(text) >= index + 6:
            parts.append(chr(int(text[index + 2:index + 6], 16)))
            index += 6
        elif pair in ESCAPES:
            parts.append(ESCAPES[pair])
            index += 2
        else:
            parts.append(text[index])
            index += 1
    return "".join(parts)


def _heredoc(text: str, trim: bool) -> str:
    _, _, rest = text.partition("\n")
    body = rest.rstrip("\n").rpartition("\n")[0]
    if "${" in body.replace("$${", ""):
        raise NotLiteral("interpolation")
    return (dedent(body) if trim else body) + "\n"
