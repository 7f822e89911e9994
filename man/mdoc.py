"""Writes mdoc(7): plain text with the marks of our comments goes in, lines of a manual page come out."""

import re

LEADING = re.compile(r"^[.']")
# What mdoc(7) would take for a macro when it stands alone among the words of a macro's line.
MACRO_LIKE = re.compile(r"^[A-Z%][A-Za-z0-9]{0,2}$")
DELIMITERS = set("()[].,:;?!|")
TAGGED = re.compile(r"^(?:  )?(`[^`]+`|[A-Z][A-Z_0-9]{2,}(?:, [A-Z][A-Z_0-9]{2,})*)(?:  +(\S.*)|()$)")
LISTED = re.compile(r"^(-|\d\.) (.*)")


def escape(text):
    text = text.replace("\\", "\\e").replace("`", "\\(ga").replace("^", "\\(ha").replace("~", "\\(ti").replace("…", "...").replace("–", "\\(en")
    return LEADING.sub(lambda found: "\\&" + found.group(), text)


def argument(text):
    """One argument of a macro."""
    text = escape(text).replace('"', "\\(dq")
    if text in DELIMITERS or MACRO_LIKE.match(text):
        text = "\\&" + text
    return '"%s"' % text if " " in text or text == "" else text


class Names:
    """What words mean: which names have pages, which of them are on this one, what its parameters are, what errors there are."""

    def __init__(self, pages=(), functions=(), types=(), parameters=(), errors=()):
        self.pages = set(pages)
        self.functions = set(functions)
        self.types = set(types)
        self.parameters = set(parameters)
        self.errors = set(errors)

    def macro(self, word):
        """The macro for a word with a meaning, else None."""
        if word.startswith("`"):
            return self.quoted(word.strip("`"))
        if word in self.functions:
            return ".Fn " + word
        if word in self.types:
            return ".Vt " + word
        if word in self.pages:
            return ".Xr %s 3" % word
        if re.fullmatch(r"CENTRIFUGE_\w+", word) or word in self.errors:
            return ".Dv " + word
        if re.fullmatch(r"centrifuge/\w+\.h", word):
            return ".Pa " + word
        return None

    def quoted(self, text):
        if text.lstrip("*&") in self.parameters:
            return ".Fa " + argument(text)
        if re.fullmatch(r"[\w.]+", text):
            return ".Va " + argument(text)
        return ".Ql " + argument(text)


def inline(text, names):
    """Lines of one paragraph: one for each sentence, macros on lines of their own."""
    lines, words = [], []

    def flush():
        if words:
            lines.append(escape(" ".join(words)))
            words.clear()

    for word in re.findall(r"[^\s`]*`[^`]+`[^\s`]*|\S+", text):
        found = re.match(r"^([(\[]*)(`[^`]+`|[\w/.]*\w)((?:['’]s)?)([)\].,;:!?]*)$", word)
        macro = found and names.macro(found.group(2))
        if macro:
            flush()
            name, rest = macro.split(" ", 1)
            suffix = "".join(" " + each for each in found.group(4))
            possessive = " Ns 's" if found.group(3) else ""
            lines.append(name + "".join(" " + each for each in found.group(1)) + " " + rest + possessive + suffix)
            continue
        words.append(word)
        if re.search(r"[.!?][)\"']*$", word) and not word.startswith("..."):
            flush()
    flush()
    return lines


def literal(source, offset=" -offset indent"):
    return [".Bd -literal" + offset] + [escape(line) for line in source.split("\n")] + [".Ed"]


def strip_indent(lines):
    depth = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return [line[depth:] for line in lines]


def list_items(lines, at, pattern):
    """[(mark, text)] of a list that begins at `at`, and where it ends."""
    items = []
    while at < len(lines):
        found = pattern.match(lines[at])
        if not found:
            break
        text = [found.group(2) or ""]
        at += 1
        while at < len(lines) and lines[at].startswith("  ") and not pattern.match(lines[at]):
            text.append(lines[at].strip())
            at += 1
        items.append((found.group(1), " ".join(text)))
    return items, at


def tag_list(items, names):
    lines = [".Bl -tag -width Ds"]
    for mark, text in items:
        heads = [names.macro(each) or ".Dv " + each for each in mark.split(", ")]
        lines.append(".It " + " , ".join(head[1:] for head in heads))
        lines += inline(text, names)
    return lines + [".El"]


def plain_list(items, names):
    numbered = items[0][0] != "-"
    lines = [".Bl -enum" if numbered else ".Bl -bullet"]
    for _, text in items:
        lines += [".It"] + inline(text, names)
    return lines + [".El"]


def code_lines(lines, at):
    """The lines from `at` on that are code, with the empty ones among them."""
    end = at
    for index in range(at, len(lines)):
        if lines[index].startswith("    "):
            end = index + 1
        elif lines[index].strip():
            break
    return lines[at:end]


def paragraph_lines(lines, at):
    """The lines from `at` on up to an empty one or a list."""
    end = at + 1
    while end < len(lines) and lines[end].strip() and not LISTED.match(lines[end]) and not lines[end].startswith("  "):
        end += 1
    return lines[at:end]


def block(source, at, names):
    """(lines, where it ends) of what begins at `at`: code, a list or a paragraph."""
    if source[at].startswith("    "):
        code = code_lines(source, at)
        return literal("\n".join(strip_indent(code))), at + len(code)
    for pattern, write in ((TAGGED, tag_list), (LISTED, plain_list)):
        if pattern.match(source[at]):
            items, end = list_items(source, at, pattern)
            return write(items, names), end
    paragraph = paragraph_lines(source, at)
    return inline(" ".join(each.strip() for each in paragraph), names), at + len(paragraph)


def blocks(text, names):
    """Lines for a whole comment."""
    source, lines, at = text.split("\n"), [], 0
    while at < len(source):
        if not source[at].strip():
            at += 1
            continue
        made, at = block(source, at, names)
        # Displays and lists have room above them; a paragraph behind something needs its own.
        if lines and not made[0].startswith((".Bd", ".Bl")):
            lines.append(".Pp")
        lines += made
    return lines
