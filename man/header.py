"""Reads the public headers: their sections, declarations and the comments that belong to them.

The conventions it relies on are those of include/centrifuge/*.h:

- /* ---- title ---- */ begins a section;
- a comment directly above a declaration is about it, and about those that follow without a comment or an empty line;
- a comment with an empty line below it is about the whole section;
- a comment behind a member, on its line, is about that member;
- declarations without an empty line between them belong together;
- a macro over a function with the suffix _sized hides the size of a struct, and is what applications call.
"""

import re


class Declaration:
    """`kind` is function, struct, enum, opaque or type; `group` numbers the declarations that belong together."""

    def __init__(self, kind, name, source, comment, group):
        self.kind = kind
        self.name = name
        self.source = source
        self.comment = comment
        self.group = group
        self.returns = ""
        self.parameters = []
        self.symbol = name
        self.members = []


class Member:
    def __init__(self, name, kind, source, comment):
        self.name = name
        self.kind = kind  # its type; "" for a constant of an enum, None for a heading
        self.source = source
        self.comment = comment


class Section:
    def __init__(self, title):
        self.title = title
        self.comments = []
        self.declarations = []
        self.constants = []


COMMENT = re.compile(r"/\*.*?\*/", re.S)


def comment_text(source):
    """The text of a comment without its frame, as lines."""
    lines = source.strip()[2:-2].strip("\n").split("\n")
    if len(lines) == 1:
        return lines[0].strip()
    return "\n".join(re.sub(r"^\s*\* ?", "", line).rstrip() for line in lines).strip("\n")


def without_comments(source):
    return re.sub(r"\s+", " ", COMMENT.sub(" ", source)).strip()


def heading(comment):
    """(title, rest) of a comment that begins with -- title --, else None."""
    found = re.match(r"-- (.*?) --\n*(.*)", comment.strip(), re.S)
    return found and (found.group(1), found.group(2))


def end_of_declaration(text, start):
    """Behind the semicolon that is in no braces, parentheses or comments."""
    depth = 0
    at = start
    while at < len(text):
        if text.startswith("/*", at):
            at = text.index("*/", at) + 2
            continue
        if text[at] in "{(":
            depth += 1
        elif text[at] in "})":
            depth -= 1
        elif text[at] == ";" and depth == 0:
            return at + 1
        at += 1
    raise ValueError("a declaration without an end: " + text[start:start + 60])


def split_parameters(text):
    text = text.strip()
    if text in ("", "void"):
        return []
    parts, depth, part = [], 0, ""
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += letter
    return parts + [part.strip()]


def member_name(source):
    pointer = re.search(r"\(\*(\w+)\)", source)
    return pointer.group(1) if pointer else re.search(r"(\w+)(?:\[.*\])?;$", source).group(1)


def struct_members(body):
    """Members in order; headings among them have kind None."""
    members, above, at = [], "", 0
    while True:
        at += len(body[at:]) - len(body[at:].lstrip())
        if at >= len(body):
            return members
        if body.startswith("/*", at):
            end = body.index("*/", at) + 2
            text = comment_text(body[at:end])
            if heading(text):
                title, rest = heading(text)
                members.append(Member(title, None, "", rest))
            else:
                above = text
            at = end
            continue
        end = end_of_declaration(body, at)
        source = re.sub(r"\s+", " ", body[at:end])
        behind = re.match(r"[ \t]*(/\*.*?\*/)", body[end:], re.S)
        comment = above
        if behind:
            comment = (above + "\n" + comment_text(behind.group(1))).strip()
            end += behind.end()
        name = member_name(source)
        kind = "function" if "(*" in source else source[:source.rindex(name)].strip()
        members.append(Member(name, kind, source, comment))
        above, at = "", end


def enum_members(body):
    return [Member(name, "", name, comment_text(comment) if comment else "")
            for name, comment in re.findall(r"(CENTRIFUGE_\w+),?[ \t]*(/\*.*?\*/)?", body)]


def declaration(source, comment, group):
    plain = without_comments(source)
    function = re.match(r"CENTRIFUGE_API (.*?)(\w+)\((.*)\);$", plain)
    if function:
        made = Declaration("function", function.group(2), plain, comment, group)
        made.returns = function.group(1).strip()
        made.parameters = split_parameters(function.group(3))
        return made
    block = re.match(r"typedef (struct|enum) (\w+) \{(.*)\} \w+;$", source, re.S)
    if block:
        made = Declaration(block.group(1), block.group(2), source, comment, group)
        made.members = (struct_members if block.group(1) == "struct" else enum_members)(block.group(3))
        return made
    opaque = re.match(r"typedef struct (\w+) \w+;$", plain)
    if opaque:
        return Declaration("opaque", opaque.group(1), plain, comment, group)
    pointer = re.match(r"typedef .*?\(\*(\w+)\)\(.*\);$", plain)
    name = pointer.group(1) if pointer else plain.rstrip(";").split()[-1].lstrip("*")
    return Declaration("type", name, plain, comment, group)


def hide_size(section, macro):
    """centrifuge_x(...) over centrifuge_x_sized: the application's name and parameters."""
    for one in section.declarations:
        if one.name == macro + "_sized":
            one.name = macro
            one.parameters = [each for each in one.parameters if not re.match(r"size_t (\w+_)?size$", each)]


class Header:
    """A header: `intro` is its first comment, `sections` the rest in order."""

    def __init__(self, path):
        self.path = path
        self.sections = [Section("")]
        text = path.read_text(encoding="utf-8")
        first = COMMENT.search(text)
        self.intro = comment_text(first.group())
        self.read(text, first.end())

    def read(self, text, at):
        comment, shared, group = "", "", 0
        while True:
            space = re.match(r"\s*", text[at:]).group()
            at += len(space)
            if space.count("\n") > 1:
                if comment:
                    self.sections[-1].comments.append(comment)
                comment, shared, group = "", "", group + 1
            if at >= len(text):
                return
            if text.startswith("/*", at):
                end = text.index("*/", at) + 2
                title = re.match(r"/\* ---- (.*?) -+ \*/", text[at:end])
                if title:
                    self.sections.append(Section(title.group(1)))
                else:
                    comment = comment_text(text[at:end])
            elif text[at] == "#":
                end = at + re.match(r"(.*\\\n)*.*\n", text[at:]).end() - 1
                comment = self.directive(text[at:end], comment)
            elif re.match(r'extern "C" \{|\}', text[at:]):
                end = at + re.match(r'extern "C" \{|\}', text[at:]).end()
            else:
                end = end_of_declaration(text, at)
                shared = comment or shared
                self.declare(declaration(text[at:end], shared, group))
                comment = ""
            at = end

    def directive(self, source, comment):
        """A macro. What is left of the comment above it for what comes next."""
        macro = re.match(r"#define (centrifuge_\w+)\(", source)
        constant = re.match(r"#define (CENTRIFUGE_\w+)\s+(\d\w*)", source)
        if macro:
            hide_size(self.sections[-1], macro.group(1))
            return ""
        if constant:
            self.sections[-1].constants.append((constant.group(1), constant.group(2), comment))
            return ""
        return comment

    def declare(self, made):
        section = self.sections[-1]
        # One type for each platform: the last, which is the one of most, counts.
        for one in section.declarations:
            if one.name == made.name and one.kind == "type":
                made.comment = made.comment or one.comment
                section.declarations.remove(one)
                break
        section.declarations.append(made)


def error_table(path):
    """[(name, text, temporary)] of CENTRIFUGE_ERROR_TABLE, in the order of numbers."""
    rows = re.findall(r'X\((\d+), (\w+), "((?:[^"\\]|\\.)*)", ([01])\)', path.read_text(encoding="utf-8"))
    return [(name, text.replace('\\"', '"'), temporary == "1") for _, name, text, temporary in rows]
