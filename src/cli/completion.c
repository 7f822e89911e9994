#include "cli/cli.h"

#include <string.h>

/*
 * Scripts for shells, made from the tables of commands and options, so that they know what this program knows. Names of
 * contexts are asked of the program itself when they are wanted; nothing asks a server.
 */

typedef void (*option_function)(const char *command, const cf_cli_option_words *option);

static void each_option(const char *command, unsigned bit, option_function print)
{
    cf_cli_option_words option;
    for (size_t i = 0; cf_cli_option_at(i, bit, &option); i++) {
        if (option.name != NULL)
            print(command, &option);
    }
}

static void each_command(void (*print)(const char *name, unsigned bit, const char *summary))
{
    unsigned bit;
    const char *summary;
    const char *name;
    for (size_t i = 0; (name = cf_cli_command_at(i, &bit, &summary)) != NULL; i++)
        print(name, bit, summary);
}

/* In single quotes, for a shell. */
static void print_quoted(const char *text)
{
    cf_cli_print("'");
    for (; *text != '\0'; text++)
        cf_cli_print(*text == '\'' ? "'\\''" : "%c", *text);
    cf_cli_print("'");
}

/* ---- bash: words by command, then what follows an option ---- */

static void print_bash_name(const char *name, unsigned bit, const char *summary)
{
    (void)bit;
    (void)summary;
    cf_cli_print(" %s", name);
}

static void print_bash_option(const char *command, const cf_cli_option_words *option)
{
    (void)command;
    cf_cli_print(" --%s", option->name);
    if (option->letter)
        cf_cli_print(" -%c", option->letter);
}

static void print_bash_command(const char *name, unsigned bit, const char *summary)
{
    (void)summary;
    cf_cli_print("    %s) words='", name);
    each_option(name, bit, print_bash_option);
    cf_cli_print("' ;;\n");
}

static void print_bash_value(const char *command, const cf_cli_option_words *option)
{
    if (!option->takes_value)
        return;
    cf_cli_print("    %s,--%s", command, option->name);
    if (option->letter)
        cf_cli_print("|%s,-%c", command, option->letter);
    if (option->is_file)
        cf_cli_print(") compopt -o filenames; COMPREPLY=($(compgen -f -- \"$word\")) ;;\n");
    else if (option->is_context)
        cf_cli_print(
            ") words=$(\"$program\" context ls --quiet 2>/dev/null); COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;;\n");
    else
        cf_cli_print(") COMPREPLY=($(compgen -W '%s' -- \"$word\")) ;;\n", option->values ? option->values : "");
}

static void print_bash_values(const char *name, unsigned bit, const char *summary)
{
    (void)summary;
    each_option(name, bit, print_bash_value);
}

static void print_bash(void)
{
    cf_cli_print("# bash completion for centrifuge-cli; made by 'centrifuge-cli completion bash'\n"
                 "_centrifuge_cli() {\n"
                 "  local program=$1 word=$2 before=$3 command='' words=''\n"
                 "  local -a taken=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n"
                 "  COMPREPLY=()\n"
                 "  for command in \"${taken[@]}\"; do\n"
                 "    case $command in -*) command='' ;; *) break ;; esac\n"
                 "  done\n"
                 "  if [[ -z $command ]]; then\n"
                 "    COMPREPLY=($(compgen -W '");
    each_command(print_bash_name);
    cf_cli_print(" --help --version' -- \"$word\"))\n    return\n  fi\n  case $command,$before in\n");
    each_command(print_bash_values);
    cf_cli_print(
        "    context,context) COMPREPLY=($(compgen -W 'add ls select rm show' -- \"$word\")) ;;\n"
        "    context,select|context,rm|context,show)\n"
        "      words=$(\"$program\" context ls --quiet 2>/dev/null); COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;;\n"
        "    completion,completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- \"$word\")) ;;\n"
        "    *) [[ $word == -* ]] || return\n"
        "  case $command in\n");
    each_command(print_bash_command);
    cf_cli_print("  esac\n"
                 "      COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;;\n"
                 "  esac\n"
                 "}\n"
                 "complete -F _centrifuge_cli centrifuge-cli\n");
}

/* ---- zsh ---- */

/* Inside of '...[...]' brackets and colons mean something. */
static void print_zsh_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("[]:\\", *text) != NULL)
            cf_cli_print("\\");
        cf_cli_print(*text == '\'' ? "'\\''" : "%c", *text);
    }
}

static void print_zsh_action(const cf_cli_option_words *option)
{
    if (option->is_file)
        cf_cli_print(":file:_files");
    else if (option->is_context)
        cf_cli_print(":context:_centrifuge_cli_contexts");
    else if (option->values != NULL)
        cf_cli_print(":value:(%s)", option->values);
    else if (option->takes_value)
        cf_cli_print(":value:");
}

static void print_zsh_word(const cf_cli_option_words *option, const char *prefix, const char *name)
{
    cf_cli_print(" \\\n        '*%s%s%s[", prefix, name, option->takes_value && prefix[1] == '-' ? "=" : "");
    print_zsh_text(option->help);
    cf_cli_print("]");
    print_zsh_action(option);
    cf_cli_print("'");
}

static void print_zsh_option(const char *command, const cf_cli_option_words *option)
{
    char letter[2] = {option->letter, '\0'};
    (void)command;
    print_zsh_word(option, "--", option->name);
    if (option->letter)
        print_zsh_word(option, "-", letter);
}

static void print_zsh_command(const char *name, unsigned bit, const char *summary)
{
    (void)summary;
    cf_cli_print("    %s)\n      _arguments -s", name);
    each_option(name, bit, print_zsh_option);
    if (strcmp(name, "context") == 0)
        cf_cli_print(" \\\n        '1:action:(add ls select rm show)' '2:context:_centrifuge_cli_contexts'");
    if (strcmp(name, "completion") == 0)
        cf_cli_print(" \\\n        '1:shell:(bash zsh fish)'");
    cf_cli_print(" ;;\n");
}

static void print_zsh_name(const char *name, unsigned bit, const char *summary)
{
    (void)bit;
    cf_cli_print("      '%s:", name);
    print_zsh_text(summary);
    cf_cli_print("'\n");
}

static void print_zsh(void)
{
    cf_cli_print("#compdef centrifuge-cli\n"
                 "# zsh completion for centrifuge-cli; made by 'centrifuge-cli completion zsh'\n"
                 "_centrifuge_cli_contexts() {\n"
                 "  local -a names\n"
                 "  names=(${(f)\"$(centrifuge-cli context ls --quiet 2>/dev/null)\"})\n"
                 "  _describe context names\n"
                 "}\n"
                 "_centrifuge_cli() {\n"
                 "  local -a commands\n"
                 "  if (( CURRENT == 2 )); then\n"
                 "    commands=(\n");
    each_command(print_zsh_name);
    cf_cli_print("    )\n"
                 "    _describe command commands\n"
                 "    return\n"
                 "  fi\n"
                 "  shift words\n"
                 "  (( CURRENT-- ))\n"
                 "  case $words[1] in\n");
    each_command(print_zsh_command);
    cf_cli_print("  esac\n"
                 "}\n"
                 "if [[ $funcstack[1] == _centrifuge_cli || $funcstack[1] == _centrifuge-cli ]]; then\n"
                 "  _centrifuge_cli \"$@\"\n"
                 "else\n"
                 "  compdef _centrifuge_cli centrifuge-cli\n"
                 "fi\n");
}

/* ---- fish ---- */

static void print_fish_option(const char *command, const cf_cli_option_words *option)
{
    cf_cli_print("complete -c centrifuge-cli -n '__fish_seen_subcommand_from %s' -l %s", command, option->name);
    if (option->letter)
        cf_cli_print(" -s %c", option->letter);
    if (option->takes_value)
        cf_cli_print(option->is_file ? " -r -F" : " -x");
    if (option->values != NULL)
        cf_cli_print(" -a '%s'", option->values);
    if (option->is_context)
        cf_cli_print(" -a '(centrifuge-cli context ls --quiet 2>/dev/null)'");
    cf_cli_print(" -d ");
    print_quoted(option->help);
    cf_cli_print("\n");
}

static void print_fish_command(const char *name, unsigned bit, const char *summary)
{
    cf_cli_print("complete -c centrifuge-cli -n __fish_use_subcommand -a %s -d ", name);
    print_quoted(summary);
    cf_cli_print("\n");
    each_option(name, bit, print_fish_option);
}

static void print_fish(void)
{
    cf_cli_print("# fish completion for centrifuge-cli; made by 'centrifuge-cli completion fish'\n"
                 "complete -c centrifuge-cli -f\n");
    each_command(print_fish_command);
    cf_cli_print(
        "complete -c centrifuge-cli -n '__fish_seen_subcommand_from context; and not __fish_seen_subcommand_from add ls select "
        "rm "
        "show' -a 'add ls select rm show'\n"
        "complete -c centrifuge-cli -n '__fish_seen_subcommand_from context; and __fish_seen_subcommand_from select rm show' "
        "-a '(centrifuge-cli context ls --quiet 2>/dev/null)'\n"
        "complete -c centrifuge-cli -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n");
}

cf_cli_exit cf_cli_completion(const cf_cli_options *options)
{
    static const struct {
        const char *shell;
        void (*print)(void);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (strcmp(options->arguments[0], shells[i].shell) != 0)
            continue;
        shells[i].print();
        return CF_CLI_OK;
    }
    cf_cli_complain("completion: '%s' is not a shell that it knows: give bash, zsh or fish", options->arguments[0]);
    return CF_CLI_USAGE;
}
