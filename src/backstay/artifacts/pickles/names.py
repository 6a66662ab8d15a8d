"""Names: what the pickle machine itself has to know of names; what they stand for is the policy's to say."""

# Attributes that lead from a value into the interpreter. Names with two underscores at both ends do anyway.
_INTERNAL = """
    ag_code ag_frame co_code co_consts co_names cr_code cr_frame f_back f_builtins f_code f_globals f_locals
    func_code func_globals gi_code gi_frame im_class im_func im_self mro tb_frame tb_next
"""
INTERNAL = frozenset(_INTERNAL.split())

# Slots that change what an object is when BUILD sets them one by one.
_POSSESSED = """
    __bases__ __call__ __class__ __code__ __defaults__ __del__ __dict__ __getattr__ __getattribute__ __globals__
    __init__ __kwdefaults__ __mro__ __new__ __reduce__ __reduce_ex__ __setattr__ __setstate__ __wrapped__
"""
POSSESSED = frozenset(_POSSESSED.split())


def type_maker(path: str) -> bool:
    """Whether a function gives a type of the interpreter by its name, for code objects and functions to be made of."""
    return path.startswith(("dill.", "cloudpickle.")) and path.rpartition(".")[2] in ("_load_type", "_builtin_type")


# Functions of dill and cloudpickle that make classes, whose instances are then made in the same stream.
_CLASS_MAKERS = """
    _make_skeleton_class _make_skeleton_enum _make_typevar _create_type _create_namedtuple _rehydrate_skeleton_class
    _make_dataclass_sentinel _lookup_class_or_track _get_class_provider
"""
CLASS_MAKERS = frozenset(_CLASS_MAKERS.split())

# Attributes that only describe a class or function, as dill sets them.
DESCRIBING = frozenset({"__annotations__", "__doc__", "__module__", "__name__", "__qualname__"})

# Types of the interpreter that make code, and those that open files or connections.
CODE_TYPES = frozenset({"CodeType", "FunctionType", "LambdaType", "MethodType", "ModuleType"})
_OPENING = ("Buffered", "File", "Socket", "TextWrapper", "Popen", "Thread")


def opening(name: str) -> bool:
    """Whether a type that dill knows by this name reaches outside when it is made."""
    return any(one in name for one in _OPENING)
