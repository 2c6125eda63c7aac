"""The C interface of libxquic for ctypes, read from the installed headers.

Structs written down by hand would be wrong as soon as a library is built with other features: the
headers say what this one is like. They are plain enough for the small reader here: no bit fields,
no unions, no types declared in place.

    abi = Abi("/usr/local/include")
    settings = abi.xqc_conn_settings_t()
    library = abi.load("libxquic.so")
    library.xqc_conn_get_conn_settings_template(abi.XQC_CONN_SETTINGS_DEFAULT)
"""

import ctypes
import re
from pathlib import Path

HEADERS = ("xqc_configure.h", "xquic_typedef.h", "xqc_errno.h", "xquic.h", "xqc_http3.h")

BASE_TYPES = {
    "void": None, "char": ctypes.c_char, "signed char": ctypes.c_byte,
    "unsigned char": ctypes.c_ubyte, "short": ctypes.c_short, "int": ctypes.c_int,
    "unsigned": ctypes.c_uint, "unsigned int": ctypes.c_uint, "long": ctypes.c_long,
    "unsigned long": ctypes.c_ulong, "float": ctypes.c_float, "double": ctypes.c_double,
    "bool": ctypes.c_bool, "size_t": ctypes.c_size_t, "ssize_t": ctypes.c_ssize_t,
    "int8_t": ctypes.c_int8, "uint8_t": ctypes.c_uint8, "int16_t": ctypes.c_int16,
    "uint16_t": ctypes.c_uint16, "int32_t": ctypes.c_int32, "uint32_t": ctypes.c_uint32,
    "int64_t": ctypes.c_int64, "uint64_t": ctypes.c_uint64, "intptr_t": ctypes.c_ssize_t,
    "uintptr_t": ctypes.c_size_t, "socklen_t": ctypes.c_uint32,
}


class iovec(ctypes.Structure):
    """struct iovec of POSIX."""

    _fields_ = [("iov_base", ctypes.c_void_p), ("iov_len", ctypes.c_size_t)]


class Abi:
    """Types and constants as attributes, under their C names."""

    def __init__(self, include):
        self.functions = {}
        self._types = dict(BASE_TYPES)
        self._types["struct iovec"] = iovec
        self._defined = {"__GNUC__", "__linux__"}
        for name in HEADERS:
            text = (Path(include) / "xquic" / name).read_text(encoding="utf-8")
            for declaration in split(self._preprocess(strip_comments(text))):
                self._declare(declaration)

    def load(self, path):
        """The library at `path`, with the prototypes of everything it exports."""
        library = ctypes.CDLL(str(path))
        for name, (result, arguments) in self.functions.items():
            function = getattr(library, name, None)
            if function is not None:
                function.restype = result
                function.argtypes = arguments
        return library

    def structs(self):
        """All structs by name."""
        return {name: kind for name, kind in self._types.items()
                if isinstance(kind, type) and issubclass(kind, ctypes.Structure)
                and hasattr(kind, "_fields_")}

    # ---- the preprocessor

    def _preprocess(self, text):
        """The lines that count; notes what is defined."""
        kept, active = [], [(True, True)]  # whether this branch counts, and whether one has
        for line in text.replace("\\\n", " ").splitlines():
            words = line.split(None, 2) if line.lstrip().startswith("#") else []
            if not words:
                if all(branch for branch, _ in active):
                    kept.append(line)
                continue
            directive, rest = line.lstrip()[1:].strip().partition(" ")[::2]
            if directive in ("if", "ifdef", "ifndef"):
                good = self._condition(directive, rest)
                active.append((good, good))
            elif directive in ("elif", "else"):
                _, had = active.pop()
                good = not had and (directive == "else" or self._condition("if", rest))
                active.append((good, had or good))
            elif directive == "endif":
                active.pop()
            elif all(branch for branch, _ in active):
                self._define(directive, rest)
        return "\n".join(kept)

    def _condition(self, directive, rest):
        if directive != "if":
            return (rest.strip() in self._defined) == (directive == "ifdef")
        test = re.sub(r"defined\s*\(?\s*(\w+)\s*\)?",
                      lambda found: str(found.group(1) in self._defined), rest)
        test = test.replace("&&", " and ").replace("||", " or ")
        return bool(eval(re.sub(r"!(?!=)", " not ", test), {"__builtins__": {}}))

    def _define(self, directive, rest):
        name, _, value = rest.strip().partition(" ")
        if directive == "undef":
            self._defined.discard(name)
        elif directive == "define":
            self._defined.add(name)
            if value.startswith('"'):
                setattr(self, name, value.strip('"').encode())
            elif value and "(" not in name:
                number = self._number(value)
                if number is not None:
                    setattr(self, name, number)

    def _number(self, expression):
        """The value of a constant expression, or None for what is none."""
        expression = re.sub(r"\(\w+_t\)", "", expression)
        expression = re.sub(r"\b(0x[0-9a-fA-F]+|\d+)[uUlL]+\b", r"\1", expression)
        try:
            return int(eval(expression, {"__builtins__": {}}, vars(self)))
        except (NameError, SyntaxError, TypeError, ValueError):
            return None

    # ---- declarations

    def _declare(self, text):
        text = re.sub(r'__attribute__\s*\(\(.*?\)\)|\bXQC_EXPORT_PUBLIC_API\b|\bXQC_EXTERN\b|'
                      r'extern\s*"C"\s*|\bextern\b', " ", text).strip()
        body = re.match(r"(typedef\s+)?(struct|enum)\s*(\w*)\s*\{(.*)\}\s*(\w*)$", text, re.S)
        pointer = re.match(r"typedef\s+(.+?)\(\s*\*\s*(\w+)\s*\)\s*\((.*)\)$", text, re.S)
        function = re.match(r"([\w\s*]+?)(\w+)\s*\((.*)\)$", text, re.S)
        plain = re.match(r"typedef\s+([\w\s]+?)\s+(\w+)$", text)
        if body:
            self._declare_body(*body.groups()[1:])
        elif pointer:
            result, name, arguments = pointer.groups()
            self._name(name, self._callback(result, arguments))
        elif function and not text.startswith("typedef"):
            result, name, arguments = function.groups()
            self.functions[name] = (self._type(result), self._arguments(arguments, True))
        elif plain:
            self._declare_alias(*plain.groups())

    def _name(self, name, kind):
        self._types[name] = kind
        setattr(self, name, kind)

    def _declare_body(self, kind, tag, body, alias):
        if kind == "enum":
            self._declare_enum(body)
            created = ctypes.c_uint32 if "-" not in body else ctypes.c_int32
        else:
            # An alias may have been declared before its struct.
            created = self._types.get(f"struct {tag}") or type(tag or alias,
                                                               (ctypes.Structure,), {})
            created._fields_ = [self._field(field) for field in split(body)]
        if tag:
            self._types[f"{kind} {tag}"] = created
        if alias:
            self._name(alias, created)

    def _declare_enum(self, body):
        value = -1
        for entry in filter(None, map(str.strip, body.split(","))):
            name, _, expression = entry.partition("=")
            value = self._number(expression.strip()) if expression else value + 1
            setattr(self, name.strip(), value)

    def _declare_alias(self, target, alias):
        target = " ".join(target.split())
        if target.startswith("struct ") and target not in self._types:
            self._types[target] = type(target[7:], (ctypes.Structure,), {})
        self._name(alias, self._types[target])

    # ---- types

    def _type(self, text, strings=False):
        """The type of what is declared as `text`, without its name."""
        words = " ".join(re.sub(r"\b(const|volatile|restrict)\b", " ",
                                text.replace("*", " * ")).split())
        if "*" in words:
            return ctypes.c_char_p if strings and words == "char *" else ctypes.c_void_p
        return self._types[words]

    def _field(self, text):
        """Name and type of a field or an argument."""
        inline = re.match(r"(.+?)\(\s*\*\s*(\w+)\s*\)\s*\((.*)\)$", text, re.S)
        if inline:
            return inline.group(2), self._callback(inline.group(1), inline.group(3))
        name, sizes = re.match(r".*?(\w+)\s*((?:\[[^]]*\]\s*)*)$", text, re.S).groups()
        declared = text[:text.rindex(name)]
        kind = self._type(declared, strings=not sizes)
        for size in reversed(re.findall(r"\[([^]]*)\]", sizes)):
            kind = kind * self._number(size) if size.strip() else ctypes.c_void_p
        return name, kind

    def _arguments(self, text, strings):
        if text.strip() in ("", "void"):
            return []
        kinds = []
        for argument in split(text, ","):
            if re.search(r"\[[^]]*\]\s*$", argument) or "(" in argument:
                kinds.append(ctypes.c_void_p)
            else:
                # Every argument of these headers has a name.
                declared = argument[:re.search(r"\w+\s*$", argument).start()]
                kinds.append(self._type(declared, strings))
        return kinds

    def _callback(self, result, arguments):
        kind = self._type(result)
        if isinstance(kind, type) and issubclass(kind, ctypes.Structure):
            return ctypes.c_void_p  # ctypes has no callbacks that return structs
        return ctypes.CFUNCTYPE(kind, *self._arguments(arguments, False))


def strip_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)


def split(text, separator=";"):
    """The pieces of `text` between separators that stand in no braces or parentheses."""
    pieces, depth, begin = [], 0, 0
    text = re.sub(r'extern\s*"C"\s*\{', " ", text)
    for at, character in enumerate(text):
        if character in "({":
            depth += 1
        elif character in ")}" and depth > 0:
            depth -= 1
        elif character == separator and depth == 0:
            pieces.append(text[begin:at])
            begin = at + 1
    pieces.append(text[begin:])
    return [piece.strip() for piece in pieces if piece.strip(" \n\t}")]
