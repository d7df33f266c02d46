"""What counts as a number, told by the names of types as Aim tells it, without importing a library.

For code that borrows these helpers; what `Run.track` takes is decided in `tracking.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aim_compat.errors import not_a_number

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "convert_to_py_number",
    "get_inst_base_types",
    "get_inst_type_str",
    "inst_has_typename",
    "is_jax_device_array",
    "is_number",
    "is_numpy_array",
    "is_numpy_number",
    "is_py_number",
    "is_pytorch_tensor",
    "is_tf_tensor",
]


def get_inst_type_str(inst: Any) -> tuple[str, str]:
    """`name.module` of a value itself and of its class, empty where it has none."""
    return _title(inst), _title(inst.__class__)


def _title(what: Any) -> str:
    return f"{getattr(what, '__name__', '')}.{getattr(what, '__module__', '')}"


def get_inst_base_types(inst: Any) -> list[str]:
    """The same for the direct bases of a value's class, two entries each."""
    return [title for base in inst.__class__.__bases__ for title in get_inst_type_str(base)]


def inst_has_typename(inst: Any, types: Iterable[str]) -> bool:
    """Whether all these words are in the title of a value, its class, or one direct base of it."""
    words = list(types)
    titles = (*get_inst_type_str(inst), *get_inst_base_types(inst))
    return any(all(word in title for word in words) for title in titles)


def is_pytorch_tensor(inst: Any) -> bool:
    """Whether a value is a tensor of torch."""
    return inst_has_typename(inst, ("torch", "Tensor"))


def is_tf_tensor(inst: Any) -> bool:
    """Whether a value is a tensor of TensorFlow."""
    return inst_has_typename(inst, ("tensorflow", "Tensor"))


def is_jax_device_array(inst: Any) -> bool:
    """Whether a value is an array of JAX."""
    return inst_has_typename(inst, ("jaxlib", "xla_extension", "Array"))


def is_numpy_array(inst: Any) -> bool:
    """Whether a value is an array of numpy."""
    return inst_has_typename(inst, ("numpy", "ndarray"))


def is_numpy_number(inst: Any) -> bool:
    """Whether a value is anything of numpy's."""
    return inst_has_typename(inst, ("numpy",))


def is_py_number(value: Any) -> bool:
    """Whether a value is an int (a bool, too) or a float."""
    return isinstance(value, (int, float))


def is_number(value: Any) -> bool:
    """Whether a value is a number, array or tensor of any library known here."""
    return is_py_number(value) or _of_numpy_or_torch_or_jax(value) or is_tf_tensor(value)


def _of_numpy_or_torch_or_jax(value: Any) -> bool:
    return is_numpy_number(value) or is_jax_device_array(value) or is_pytorch_tensor(value)


def convert_to_py_number(value: Any) -> Any:
    """The plain int or float of a number, one-element array or tensor; a bool becomes an int.

    Raises:
        InvalidInputError: no number (a ValueError); an array of several is refused by its library.
    """
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if _of_numpy_or_torch_or_jax(value):
        return value.item()
    if is_tf_tensor(value):
        return value.numpy().item()
    raise not_a_number(value)
