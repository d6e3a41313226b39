"""Architecture → the text of its classes: one for the network, one for each kind of block."""

from __future__ import annotations

from convscope.architecture.architecture import Architecture
from convscope.architecture.arithmetic import explain
from convscope.architecture.layers import FullyConnected, Volume
from convscope.architecture.shapes import Node
from convscope.export.modules import BlockClass, block_classes, own_name, torch_call

__all__ = ["class_texts"]


def class_texts(architecture: Architecture) -> list[str]:
    """The classes in the order in which Python needs them: the network's is the last."""
    nodes = architecture.nodes
    blocks, calls = block_classes(nodes)
    lines = [
        "class Network(nn.Module):",
        f'    """{_purpose(nodes[0].input, architecture.output)}',
        "",
        f"    It has {explain(architecture).parameters.value:,} parameters.",
        '    """',
        "",
        "    def __init__(self):",
        "        super().__init__()",
    ]
    for node in nodes:
        call = calls.get(node.name) or torch_call(node)
        lines += call.lines(f"self.{own_name(node)} = ", 8)
    lines += ["", "    def forward(self, x):"]
    for node in nodes:
        lines += _step(node, last=node is nodes[-1])
    return [*(_block_text(block) for block in blocks), _text(lines)]


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _ascii(volume: Volume) -> str:
    """28x28x1: consoles and fonts that lack the multiplication sign exist."""
    return str(volume).replace("×", "x")


def _purpose(source: Volume, result: Volume) -> str:
    """The docstring of the network; shapes are height x width x channels."""
    makes = f"{result} numbers" if result.flat else f"{_ascii(result)} maps"
    return f"Makes {makes} of a {_ascii(source)} image (height x width x channels)."


def _block_text(block: BlockClass) -> str:
    parameters = "".join(f", {name}" for name in block.parameters)
    added = "a projection of its input" if block.shortcut else "its input"
    lines = [
        f"class {block.name}(nn.Module):",
        f'    """Adds {added} to what its layers make (He et al. 2016)."""',
        "",
        f"    def __init__(self{parameters}):",
        "        super().__init__()",
    ]
    for name, call in block.body:
        lines += call.lines(f"self.{name} = ", 8)
    if block.shortcut:
        lines.append("        self.shortcut = nn.Sequential()")
    for name, call in block.shortcut:
        lines += call.lines(f"self.shortcut.{name} = ", 8)
    lines += ["", "    def forward(self, x):"]
    value = "x"
    for name, _ in block.body:
        lines.append(f"        out = self.{name}({value})")
        value = "out"
    lines.append(f"        return out + {'self.shortcut(x)' if block.shortcut else 'x'}")
    return _text(lines)


def _step(node: Node, *, last: bool) -> list[str]:
    """One layer in forward; a comment tells the volume where it changes."""
    lines = []
    if isinstance(node.layer, FullyConnected) and not node.input.flat:
        lines.append(f"        x = torch.flatten(x, 1)  # {node.input.size}")
    line = f"        {'return' if last else 'x ='} self.{node.name}(x)"
    if node.output != node.input:
        line += f"  # {_ascii(node.output)}"
    return [*lines, line]
