"""The pages of section 3: one for the declarations that stand together in a header, one for each header as a whole."""

import re

from header import Header, error_table
from mdoc import Names, blocks, escape, inline, literal, tag_list

ERRORS = re.compile(r"(?:^|(?<=\s))(?:(?:Further )?[Ee]rrors?(?: of [a-z ]+)?:|Returns (?=[A-Z]))")
SUMMARY_LENGTH = 90
TERMINAL_WIDTH = 78
LONG_STRUCT = 30  # members; the synopsis leaves out what the description lists with types


def title_of(section):
    return section.title.split(";")[0]


def first_upper(text):
    return text[:1].upper() + text[1:]


def split_errors(comment):
    """A comment as (what it says, what it says of errors)."""
    description, errors, listing = [], [], False
    for paragraph in comment.split("\n\n"):
        found = ERRORS.search(paragraph)
        if listing and paragraph.startswith("  "):
            errors.append(paragraph)
        elif found:
            description.append(paragraph[:found.start()].rstrip())
            errors.append(paragraph[found.start():])
        else:
            description.append(paragraph)
        listing = bool(found) and paragraph.endswith(":")
    return "\n\n".join(each for each in description if each.strip()), "\n\n".join(errors)


def clause(comment):
    """The beginning of a comment as one line; "" when it makes none."""
    text = re.split(r"[.;:?] |[.;:?]$|\n\n| \(", " ".join(comment.split("\n\n")[0].split()))[0]
    while len(text) > SUMMARY_LENGTH and ", " in text:
        text = text.rpartition(", ")[0]
    if not re.match(r"[A-Z][a-z ]", text) or len(text) > SUMMARY_LENGTH:
        return ""
    return (text[0].lower() + text[1:]).replace("`", "")


class Page:
    """What one page is about. Its name is that of its first function, or of its last type."""

    def __init__(self, header, section, declarations):
        self.header = header
        self.section = section
        self.declarations = declarations
        self.functions = [each for each in declarations if each.kind == "function"]
        self.types = [each for each in declarations if each.kind != "function"]
        options = [each.name for each in self.types if each.name.endswith("_options")]
        self.name = options[0] if options else self.functions[0].name if self.functions else self.types[-1].name

    def names(self):
        """The page's own name first."""
        others = [each.name for each in self.functions + self.types if each.name != self.name]
        return [self.name] + others

    def summary(self):
        """One line: of a section that is all here its title, else the beginning of what the first function's comment says."""
        whole = all(each in self.functions for each in self.section.declarations if each.kind == "function")
        if len(self.functions) == 1 or not whole:
            return clause(self.functions[0].comment) or title_of(self.section)
        return title_of(self.section)


def pages_of(header):
    """Pages of a header, without what belongs on its overview: types that nothing on a page needs."""
    pages = []
    for section in header.sections:
        known = [each for each in section.declarations if each.kind != "opaque"]
        whole = any(each.name.endswith(("_options", "_events")) for each in known)
        waiting = []
        for index, each in enumerate(known):
            waiting.append(each)
            last = index + 1 == len(known)
            goes_on = not last and (whole or each.kind != "function" or known[index + 1].group == each.group)
            if not goes_on and (whole or waiting[-1].kind == "function"):
                pages.append(Page(header, section, waiting))
                waiting = []
    return pages


def function_synopsis(function):
    lines = [".Ft " + '"%s"' % function.returns if " " in function.returns else ".Ft " + function.returns, ".Fo " + function.name]
    lines += ['.Fa "%s"' % each for each in function.parameters] or [".Fa void"]
    return lines + [".Fc"]


def short_lines(source):
    """Function pointers broken behind their parameters, so that they fit a terminal."""
    return re.sub(r"^.*\(\*\w+\)\(.*\);$", lambda found: broken(found.group()), source, flags=re.M)


def broken(line):
    lines, indent = [], line[:len(line) - len(line.lstrip())] + "    "
    while len(line) > TERMINAL_WIDTH and ", " in line[:TERMINAL_WIDTH]:
        at = line[:TERMINAL_WIDTH].rindex(", ") + 1
        lines.append(line[:at])
        line = indent + line[at + 1:]
    return "\n".join(lines + [line])


def type_synopsis(declaration):
    if len(declaration.members) > LONG_STRUCT:
        return []
    source = re.sub(r"[ \t]*/\*.*?\*/", "", declaration.source, flags=re.S)
    source = re.sub(r"\n\s*\n", "\n", source)
    return literal(short_lines(source), "")


def member_list(members, names):
    lines = [".Bl -tag -width Ds"]
    for member in members:
        if member.kind == "":
            lines.append(".It Dv " + member.name)
        elif member.kind == "function":
            lines += [".It Va " + member.name] + literal(broken(member.source), " -compact")
        else:
            lines.append(".It Vt %s Ns Va %s" % ('"%s"' % (member.kind if member.kind.endswith("*") else member.kind + " "), member.name))
        lines += blocks(member.comment, names)
    return lines + [".El"]


def members(declaration, names):
    """Lists of the members, under their headings."""
    lines, part = [], []
    for member in declaration.members + [None]:
        if member and member.kind is not None:
            part.append(member)
            continue
        if any(each.comment for each in part):
            lines += member_list(part, names)
        part = []
        if member:
            title, _, rule = member.name.partition("; ")
            text = "\n\n".join(each for each in (first_upper(rule) + ".", member.comment) if each != ".")
            lines += [".Ss " + first_upper(title)] + blocks(text, names)
    return lines


def describe_constants(constants, names):
    """A paragraph for each comment, which is about the constants below it."""
    parts = []
    for name, _, comment in constants:
        if comment:
            parts.append([".Dv %s :" % name] + inline(comment, names))
        elif parts:
            head = parts[-1][0]
            parts[-1][0] = "%s , %s :" % (head[:-2], name)
    return parts


def describe_type(declaration, names, alone):
    lines = [] if alone else [".Ss " + declaration.name]
    return lines + blocks(declaration.comment, names) + members(declaration, names)


def describe_functions(functions, names):
    """A paragraph for one function, a list for several. What shares a comment shares an entry."""
    if len(functions) == 1:
        return blocks(split_errors(functions[0].comment)[0], names)
    lines = [".Bl -tag -width Ds"]
    for index, function in enumerate(functions):
        lines.append(".It Fn " + function.name)
        shared = index + 1 < len(functions) and functions[index + 1].comment == function.comment
        if not shared:
            lines += blocks(split_errors(function.comment)[0], names)
    return lines + [".El"]


def describe_errors(page, names, table):
    """What functions say of errors, then what these are."""
    functions = [each for each in page.functions if each.returns == "centrifuge_error"]
    if not functions:
        return []
    said = [("", split_errors(each)[1]) for each in page.section.comments]
    for function in functions:
        errors = split_errors(function.comment)[1]
        if errors and errors not in [each for _, each in said]:
            said.append((function.name, errors))
    said = [each for each in said if each[1]]
    lines = [".Sh RETURN VALUES", ".Dv CENTRIFUGE_ERROR_OK ,", "which is 0, or an error."]
    if not said:
        return lines
    lines.append(".Sh ERRORS")
    for index, (function, errors) in enumerate(said):
        lines += ([".Pp"] if index else []) + error_lines(function if len(functions) > 1 else "", errors, names)
    # What is a list already says what they mean.
    text = " ".join(errors for _, errors in said if "\n  " not in errors)
    rows = [("CENTRIFUGE_ERROR_" + name, meaning) for name, meaning, _ in table if re.search(r"\b(CENTRIFUGE_ERROR_)?%s\b" % name, text)]
    rows = [row for row in rows if row[0] != "CENTRIFUGE_ERROR_OK"]
    return lines + ([".Pp", "What they mean:"] + tag_list(rows, Names()) if rows else [])


def error_lines(function, errors, names):
    """What one comment says of errors, with the function's name where there are several and it speaks of one."""
    short = re.match(r"Errors?: ", errors)
    if short:
        errors = errors[short.end():]
    whose = [".Fn %s :" % function] if function and not errors.startswith("Errors of ") else []
    return whose + blocks(errors if whose else first_upper(errors), names)


def head(name, section, names, summary, meta):
    lines = ['.\\" Made by man/generate.py: do not edit.', ".Dd " + meta.date, ".Dt %s %s" % (name.upper(), section), ".Os " + meta.system, ".Sh NAME"]
    lines += [".Nm %s%s" % (each, " ," if index + 1 < len(names) else "") for index, each in enumerate(names)]
    return lines + [".Nd " + escape(summary)]


def see_also(references):
    rows = sorted(set(references), key=lambda each: (each[1], each[0].lower()))
    lines = [".Xr %s %s%s" % (name, section, " ," if index + 1 < len(rows) else "") for index, (name, section) in enumerate(rows)]
    return [".Sh SEE ALSO"] + lines


class Library:
    """Every page of section 3 as {name: text}, aliases included."""

    def __init__(self, include, meta):
        self.meta = meta
        self.errors = error_table(include / "error.h")
        client = Header(include / "client.h")
        # Both headers include them; the client's overview lists their pages.
        for shared in ("header.h", "error.h"):
            client.sections += [each for each in Header(include / shared).sections if title_of(each)]
        self.headers = [client, Header(include / "json.h"), Header(include / "backend.h")]
        self.overviews = {"client.h": ["libcentrifuge", "centrifuge"], "json.h": ["centrifuge_json"], "backend.h": ["centrifuge_backend"]}
        self.pages = [page for header in self.headers for page in pages_of(header)]
        self.known = {name for page in self.pages for name in page.names()} | {"centrifuge_error"}
        for header in self.headers:
            self.known |= {each.name for each in self.own_types(header)} | set(self.overviews[header.path.name])

    def own_types(self, header):
        """The types that are described on the header's overview."""
        paged = {each.name for page in self.pages for each in page.types}
        return [each for section in header.sections for each in section.declarations if each.kind != "function" and each.name not in paged]

    def names_on(self, functions, types):
        parameters = [re.sub(r".*\(\*(\w+)\).*|.*?(\w+)(?:\[.*\])?$", r"\1\2", each) for function in functions for each in function.parameters]
        return Names(self.known, [each.name for each in functions], [each.name for each in types], parameters, [name for name, _, _ in self.errors])

    def page(self, page):
        names = self.names_on(page.functions, page.types)
        all_names = page.names() + (["centrifuge_error"] if self.is_error_page(page) else [])
        lines = head(page.name, 3, all_names, page.summary(), self.meta) + self.synopsis(page)
        lines.append(".Sh DESCRIPTION")
        lines += self.description(page, names)
        lines += describe_errors(page, names, self.errors)
        near = [(other.name, 3) for other in self.pages if other.section is page.section and other is not page]
        near += [] if self.is_error_page(page) else [("centrifuge_error", 3)]
        return lines + see_also(near + [(self.overviews[page.header.path.name][0], 3)])

    def is_error_page(self, page):
        return page.name == "centrifuge_error_name"

    def synopsis(self, page):
        lines = [".Sh LIBRARY", "libcentrifuge (libcentrifuge, -lcentrifuge)", ".Sh SYNOPSIS", ".In centrifuge/" + page.header.path.name]
        lines += ['.Fd "#define %s %s"' % each[:2] for each in page.section.constants]
        for each in page.types:
            lines += type_synopsis(each)
        for each in page.functions:
            lines += function_synopsis(each)
        return lines

    def description(self, page, names):
        about = [blocks(split_errors(each)[0], names) for each in page.section.comments]
        functions = [describe_functions(page.functions, names)] if page.functions else []
        # Of one function first, then what it has in common with others.
        parts = functions + about if len(page.functions) == 1 else about + functions
        types = [each for each in page.types if each.comment or any(member.comment for member in each.members)]
        if page.name in [each.name for each in types]:
            # A page that is called like a type begins with it.
            main = next(each for each in types if each.name == page.name)
            parts.insert(0, describe_type(main, names, True))
            types.remove(main)
            parts[1:1] = [[".Ss Functions"]] if page.functions else []
        parts += [describe_type(each, names, False) for each in types]
        parts += describe_constants(page.section.constants, names)
        if self.is_error_page(page):
            parts.append(self.error_values())
        return self.joined(parts)

    @staticmethod
    def joined(parts):
        lines = []
        for part in (each for each in parts if each):
            if lines and not part[0].startswith((".Ss", ".Bl", ".Bd")) and not lines[-1].startswith(".Ss"):
                lines.append(".Pp")
            lines += part
        return lines

    def error_values(self):
        rows = [("CENTRIFUGE_ERROR_" + name, text + (" (temporary)" if temporary else "")) for name, text, temporary in self.errors]
        return [".Ss Values", "The numbers count from 0 on in this order and are never changed."] + tag_list(rows, Names())

    def overview(self, header):
        name, *others = self.overviews[header.path.name]
        types = self.own_types(header)
        first, *rest = header.intro.split("\n\n")
        summary = re.split(r": |, ", " ".join(first.split()), maxsplit=1)[1] if ": " in first else " ".join(first.split())
        names = Names(self.known, [], [each.name for each in types], [], [])
        lines = head(name, 3, [name] + others, summary.rstrip("."), self.meta)
        lines += [".Sh SYNOPSIS", ".In centrifuge/" + header.path.name, ".Pp", ".Dl cc program.c $(pkg-config --cflags --libs libcentrifuge)"]
        lines += [".Sh DESCRIPTION"] + blocks("\n\n".join(rest), names)
        if types:
            lines += [".Sh TYPES", ".Bl -tag -width Ds"]
            for each in types:
                lines += [".It Vt " + each.name] + blocks(each.comment, names)
                lines += type_synopsis(each) if each.kind != "opaque" else []
            lines.append(".El")
        return lines + self.index(header) + self.others(name)

    def index(self, header):
        lines = [".Sh PAGES"]
        for section in header.sections:
            pages = [each for each in self.pages if each.section is section]
            if pages:
                lines += [".Ss " + first_upper(title_of(section)), ".Bl -tag -width Ds -compact"]
                for page in pages:
                    lines += self.index_of(page)
                lines.append(".El")
        return lines

    @staticmethod
    def index_of(page):
        lines, last = [], None
        for name in page.names():
            each = next(each for each in page.declarations if each.name == name)
            lines.append(".It Xr %s 3" % name)
            lines += inline(clause(each.comment), Names()) if each.comment != last else []
            last = each.comment
        return lines

    def others(self, name):
        overviews = [names[0] for names in self.overviews.values() if names[0] != name]
        return see_also([(each, 3) for each in overviews] + [("centrifuge_error", 3), ("centrifuge-cli", 1), ("centrifuged", 8)])

    def all(self):
        """[(file, lines)]; in place of lines the file that it is another name of."""
        made = []
        for page in self.pages:
            symbols = [each.symbol for each in page.functions if each.symbol != each.name]
            more = ["centrifuge_error"] if self.is_error_page(page) else []
            made += self.with_aliases(page.name, self.page(page), page.names()[1:] + symbols + more)
        for header in self.headers:
            name, *aliases = self.overviews[header.path.name]
            aliases += [each.name for each in self.own_types(header) if each.name != name]
            made += self.with_aliases(name, self.overview(header), aliases)
        return made

    @staticmethod
    def with_aliases(name, lines, aliases):
        return [("man3/%s.3" % name, lines)] + [("man3/%s.3" % each, name + ".3") for each in aliases]
