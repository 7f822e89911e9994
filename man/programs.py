"""The pages of the programs, from what they say of themselves with --help, and from the examples and tables of docs/."""

import re
import subprocess

from library import head, see_also
from mdoc import Names, argument, inline, literal

OPTION = re.compile(r"^  (?:-(\w),|   ) --([\w-]+)(?: ([A-Z]+))? +(\S.*?)(?: \[(\w+)\])?$")
PLAIN = Names()


def output_of(*command):
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8").stdout


class Option:
    def __init__(self, found):
        self.letter, self.name, self.argument, self.help, self.variable = found.groups()
        self.commands = []

    def heading(self):
        letter = "Fl %s , " % self.letter if self.letter else ""
        return ".It %sFl -%s%s" % (letter, self.name, " Ar " + self.argument if self.argument else "")


def options_in(text):
    return [Option(found) for found in map(OPTION.match, text.split("\n")) if found]


def sentence(text):
    text = text.strip()
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")


def statuses(text, label):
    """The list behind "Exit codes: 0 this, 1 that." """
    listed = re.search(label + r": (.*?)\.?$", text, re.M).group(1)
    lines = [".Sh EXIT STATUS", ".Bl -tag -width Ds"]
    for number, meaning in re.findall(r"(\d) (.*?)(?=, \d |$)", listed):
        lines += [".It " + number] + inline(sentence(meaning), PLAIN)
    return lines + [".El"]


class CommandLine:
    """centrifuge-cli: a command is an entry of one page, and another name of it, so that `man centrifuge-cli sub` works."""

    name = "centrifuge-cli"

    def __init__(self, program, source):
        self.help = output_of(program, "--help")
        self.examples = source / "docs/cli.md"
        rows = re.findall(r"^  ([a-z-]+) +(\S*(?: \S+)*?) {2,}(.*)$|^  ([a-z-]+) {3,}(\S.*)$", self.help, re.M)
        self.commands = [(row[0] or row[3]) for row in rows]
        self.details = {each: output_of(program, each, "--help") for each in self.commands}
        self.options = {}
        for command in self.commands:
            for option in options_in(self.details[command]):
                self.options.setdefault((option.name, option.argument, option.help), option).commands.append(command)

    def page(self, meta):
        summary = re.match(r"\S+ \S+: (.*)", self.help).group(1)
        lines = head(self.name, 1, [self.name], summary, meta)
        lines += [".Sh SYNOPSIS", ".Nm", ".Ar COMMAND", ".Op Ar OPTION ...", ".Op Ar ARGUMENT ..."]
        lines += [".Sh DESCRIPTION"] + inline(self.help.split("\n\n")[-1].split("\n")[0].replace("; --", ". --"), PLAIN)
        lines += self.command_list() + self.option_list() + self.environment()
        lines += statuses(self.help, "Exit codes") + self.example_list()
        return lines + see_also([("centrifuged", 8), ("libcentrifuge", 3)])

    def command_list(self):
        lines = [".Sh COMMANDS", ".Bl -tag -width Ds"]
        for command in self.commands:
            usage, about = self.details[command].split("\n\n")[:2]
            arguments = re.search(r"\[OPTION\]\.\.\.(.*)", usage).group(1).split()
            lines.append(".It Cm " + command + "".join(" Ar " + argument(each) for each in arguments))
            summary, *details = about.split("\n")
            lines += inline(sentence(summary.split(": ", 1)[1]), PLAIN) + inline(" ".join(details), PLAIN)
        return lines + [".El"]

    def option_list(self):
        lines = [".Sh OPTIONS", "An option that names commands is one of these only.", ".Bl -tag -width Ds"]
        for option in self.options.values():
            lines.append(option.heading())
            lines += inline(sentence(option.help), PLAIN)
            if option.commands != self.commands:
                lines.append(".Pq " + " , ".join("Cm " + each for each in option.commands))
        return lines + [".El"]

    def environment(self):
        lines = [".Sh ENVIRONMENT", "An option on the command line wins.", ".Bl -tag -width Ds"]
        for option in self.options.values():
            if option.variable:
                lines += [".It Ev " + option.variable, "As", ".Fl -%s ." % option.name]
        return lines + [".El"]

    def example_list(self):
        text = self.examples.read_text(encoding="utf-8")
        blocks = re.findall(r"(?:^    (?!\$|\{).*\n)+", text, re.M)
        lines = [".Sh EXAMPLES"]
        for block in blocks:
            if self.name in block:
                lines += literal("\n".join(line[4:] for line in block.rstrip("\n").split("\n")))
        return lines

    def all(self, meta):
        return [("man1/centrifuge-cli.1", self.page(meta))] + [("man1/centrifuge-cli-%s.1" % each, "centrifuge-cli.1") for each in self.commands]


class Server:
    name = "centrifuged"

    def __init__(self, program, source):
        self.help = output_of(program, "--help")
        self.reference = (source / "docs/configuration.md").read_text(encoding="utf-8")

    def page(self, meta):
        summary = re.match(r"\S+: (.*)", self.help).group(1)
        usage = re.findall(r"^  centrifuged((?: [a-z]+)?)((?: \[.*?\])?) {2,}(.*)$", self.help, re.M)
        lines = head(self.name, 8, [self.name], summary, meta) + [".Sh SYNOPSIS"]
        for command, arguments, _ in usage:
            lines += [".Nm"] + ([".Cm" + command] if command else []) + ([".Op " + self.arguments(arguments)] if arguments else [])
        lines += [".Sh DESCRIPTION", ".Bl -tag -width Ds"]
        for command, _, about in usage:
            lines += [".It " + ("Cm" + command if command else "no command")] + inline(sentence(about), PLAIN)
        lines += [".El", ".Sh OPTIONS", ".Bl -tag -width Ds"]
        for option in options_in(self.help):
            lines += [option.heading()] + inline(option.help, PLAIN)
        lines += [".El", ".Pp"] + inline(self.help.strip().split("\n\n")[-1].split("\nExit status")[0], PLAIN)
        lines += self.configuration() + statuses(self.help, "Exit status")
        return lines + see_also([("centrifuge-cli", 1), ("libcentrifuge", 3)])

    @staticmethod
    def arguments(text):
        words = text.strip(" []").split()
        return "Ar " + words[0]

    def configuration(self):
        lines = [".Sh CONFIGURATION"]
        for title in ("Options of the server", "Options of channels"):
            table = self.reference.split("### " + title)[1].split("\n###")[0]
            rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", table, re.M)
            lines += [".Ss " + title, ".Bl -tag -width Ds"]
            for name, kind, default, limits, places, _, meaning in rows:
                lines += [".It Va " + name] + inline(meaning, PLAIN)
                facts = [kind + (", " + limits if limits.strip() else ""), "default " + default.strip("`"), places.replace("`", "")]
                lines += inline("(" + "; ".join(facts) + ")", PLAIN)
            lines.append(".El")
        return lines

    def all(self, meta):
        return [("man8/centrifuged.8", self.page(meta))]


def program_pages(source, meta, command_line, server):
    return CommandLine(command_line, source).all(meta) + Server(server, source).all(meta)
