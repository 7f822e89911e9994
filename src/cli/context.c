#define _POSIX_C_SOURCE 200809L
#include "cli/context.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONTEXTS_MAX = 1024 }; /* more are not listed */

/* ---- where ---- */

bool cf_cli_context_is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t size = strlen(name);
    return size > 0 && size <= CF_CLI_CONTEXT_NAME_MAX && name[0] != '.' && strspn(name, allowed) == size;
}

/* False: there is no such folder, or its name is too long. XDG Base Directory Specification. */
static bool place(char path[CF_CLI_CONTEXT_PATH_MAX], const char *rest)
{
    const char *folder = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    int size = -1;
    if (folder != NULL && folder[0] == '/')
        size = snprintf(path, CF_CLI_CONTEXT_PATH_MAX, "%s/centrifuge%s", folder, rest);
    else if (home != NULL && home[0] == '/')
        size = snprintf(path, CF_CLI_CONTEXT_PATH_MAX, "%s/.config/centrifuge%s", home, rest);
    return size > 0 && size < CF_CLI_CONTEXT_PATH_MAX;
}

static bool find_place(char path[CF_CLI_CONTEXT_PATH_MAX], const char *rest)
{
    if (place(path, rest))
        return true;
    cf_cli_complain("there is no place for contexts: set XDG_CONFIG_HOME or HOME to an absolute folder");
    return false;
}

static bool find_file(char path[CF_CLI_CONTEXT_PATH_MAX], const char *name)
{
    char rest[CF_CLI_CONTEXT_NAME_MAX + sizeof("/contexts/")];
    snprintf(rest, sizeof(rest), "/contexts/%s", name);
    return find_place(path, rest);
}

/* ---- files ---- */

/* NULL: errno says why; EFBIG: larger than allowed. */
static char *read_file(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = file != NULL ? malloc(CF_CLI_CONTEXT_SIZE_MAX + 1) : NULL;
    size_t size = text != NULL ? fread(text, 1, CF_CLI_CONTEXT_SIZE_MAX + 1, file) : 0;
    int error = errno;
    bool failed = text == NULL || ferror(file) || size > CF_CLI_CONTEXT_SIZE_MAX;
    if (text != NULL && size > CF_CLI_CONTEXT_SIZE_MAX)
        error = EFBIG;
    else if (text != NULL)
        text[size] = '\0';
    if (file != NULL)
        fclose(file);
    if (failed) {
        free(text);
        text = NULL;
    }
    errno = error;
    return text;
}

static bool complain_about(const char *doing, const char *path)
{
    cf_cli_complain("cannot %s %s: %s", doing, path, strerror(errno));
    return false;
}

/* The folder of a file with those above it, for the user alone. */
static bool make_folder(const char *path)
{
    char folder[CF_CLI_CONTEXT_PATH_MAX];
    snprintf(folder, sizeof(folder), "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            return complain_about("make the folder", folder);
        *slash = '/';
    }
    return true;
}

static bool write_all(int file, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, text, size);
        if (written < 0)
            return false;
        text += written;
        size -= (size_t)written;
    }
    return true;
}

/* Whole or not at all, and readable for the user alone. */
static bool write_file(const char *path, const char *text, size_t size)
{
    char other[CF_CLI_CONTEXT_PATH_MAX + 16];
    if (!make_folder(path))
        return false;
    snprintf(other, sizeof(other), "%s.XXXXXX", path);
    int file = mkstemp(other);
    if (file < 0)
        return complain_about("write", path);
    bool written = write_all(file, text, size) && fsync(file) == 0;
    if (close(file) == 0 && written && rename(other, path) == 0)
        return true;
    complain_about("write", path);
    unlink(other);
    return false;
}

/* ---- what other commands ask ---- */

void cf_cli_context_selected(char name[CF_CLI_CONTEXT_NAME_MAX + 1])
{
    char path[CF_CLI_CONTEXT_PATH_MAX];
    char *text = place(path, "/context") ? read_file(path) : NULL;
    name[0] = '\0';
    if (text != NULL) {
        text[strcspn(text, "\r\n")] = '\0';
        if (cf_cli_context_is_name(text))
            memcpy(name, text, strlen(text) + 1);
    }
    free(text);
}

static bool check_name(const char *name)
{
    if (cf_cli_context_is_name(name))
        return true;
    if (name[0] == '\0')
        cf_cli_complain("which context? Give its name behind the action; centrifuge-cli context ls says which there are");
    else
        cf_cli_complain("'%s' is no name of a context: give letters, digits, '.', '_' and '-', at most %d", name,
                        CF_CLI_CONTEXT_NAME_MAX);
    return false;
}

char *cf_cli_context_read(const char *name, char path[CF_CLI_CONTEXT_PATH_MAX])
{
    if (!check_name(name) || !find_file(path, name))
        return NULL;
    char *text = read_file(path);
    if (text == NULL && errno == ENOENT)
        cf_cli_complain("there is no context %s; centrifuge-cli context ls says which there are", name);
    else if (text == NULL)
        complain_about("read", path);
    return text;
}

/* ---- the command's actions ---- */

static bool is_there(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0;
}

/* What could not be used is not kept. */
static bool check_url(const cf_cli_options *options)
{
    centrifuge_options settings;
    if (options->url == NULL)
        return true;
    centrifuge_options_default(&settings);
    settings.url = options->url;
    settings.insecure = true;
    centrifuge_error error = centrifuge_options_check(&settings, NULL);
    if (error != CENTRIFUGE_ERROR_OK)
        cf_cli_options_complain(options, NULL, error);
    return error == CENTRIFUGE_ERROR_OK;
}

static cf_cli_exit add(const cf_cli_options *options, const char *name)
{
    char path[CF_CLI_CONTEXT_PATH_MAX];
    char *text = NULL;
    size_t size = 0;
    if (!check_name(name) || !check_url(options) || !find_file(path, name))
        return CF_CLI_USAGE;
    if (is_there(path)) {
        cf_cli_complain("there is a context %s already: edit %s, or take it away with centrifuge-cli context rm", name, path);
        return CF_CLI_USAGE;
    }
    FILE *to = open_memstream(&text, &size);
    bool good = to != NULL && cf_cli_options_save(options, to);
    if (to == NULL || fclose(to) != 0) {
        cf_cli_complain("out of memory");
        good = false;
    }
    cf_cli_exit code = good && write_file(path, text, size) ? CF_CLI_OK : CF_CLI_ERROR;
    free(text);
    return code;
}

static cf_cli_exit unselect(void)
{
    char path[CF_CLI_CONTEXT_PATH_MAX];
    if (!find_place(path, "/context"))
        return CF_CLI_USAGE;
    if (unlink(path) == 0 || errno == ENOENT)
        return CF_CLI_OK;
    complain_about("remove", path);
    return CF_CLI_ERROR;
}

static cf_cli_exit select_one(const char *name)
{
    char path[CF_CLI_CONTEXT_PATH_MAX];
    char line[CF_CLI_CONTEXT_NAME_MAX + 2];
    char *text = cf_cli_context_read(name, path);
    if (text == NULL)
        return CF_CLI_USAGE;
    free(text);
    int size = snprintf(line, sizeof(line), "%s\n", name);
    return find_place(path, "/context") && write_file(path, line, (size_t)size) ? CF_CLI_OK : CF_CLI_ERROR;
}

static cf_cli_exit remove_one(const char *name)
{
    char path[CF_CLI_CONTEXT_PATH_MAX];
    char selected[CF_CLI_CONTEXT_NAME_MAX + 1];
    char *text = cf_cli_context_read(name, path);
    if (text == NULL)
        return CF_CLI_USAGE;
    free(text);
    if (unlink(path) != 0) {
        complain_about("remove", path);
        return CF_CLI_ERROR;
    }
    cf_cli_context_selected(selected);
    return strcmp(selected, name) == 0 ? unselect() : CF_CLI_OK;
}

static cf_cli_exit show(const char *name)
{
    char path[CF_CLI_CONTEXT_PATH_MAX];
    cf_cli_options shown;
    char *text = cf_cli_context_read(name, path);
    bool good = text != NULL && cf_cli_options_load(&shown, text, path);
    if (good) {
        cf_cli_print_answer_begin();
        cf_cli_line_text("name", name);
        cf_cli_line_text("file", path);
        cf_cli_line_open("options");
        cf_cli_options_print(&shown);
        cf_cli_line_close();
        cf_cli_line_end();
    }
    free(text);
    return good ? CF_CLI_OK : CF_CLI_USAGE;
}

/* ---- the list of them ---- */

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t read_names(char **names)
{
    char path[CF_CLI_CONTEXT_PATH_MAX];
    DIR *folder = place(path, "/contexts") ? opendir(path) : NULL;
    const struct dirent *entry;
    size_t count = 0;
    while (folder != NULL && count < CONTEXTS_MAX && (entry = readdir(folder)) != NULL) {
        if (cf_cli_context_is_name(entry->d_name) && (names[count] = strdup(entry->d_name)) != NULL)
            count++;
    }
    if (folder != NULL)
        closedir(folder);
    qsort(names, count, sizeof(*names), compare);
    return count;
}

/* Where its server is, for texts; "" when it does not say, or is wrong, which was reported. */
static const char *place_of(const char *name, char shown[CF_CLI_PLACE_SIZE])
{
    char path[CF_CLI_CONTEXT_PATH_MAX];
    cf_cli_options options;
    char *text = cf_cli_context_read(name, path);
    shown[0] = '\0';
    if (text != NULL && cf_cli_options_load(&options, text, path) && options.url != NULL)
        cf_cli_place(shown, options.url);
    free(text);
    return shown;
}

static void print_name(const cf_cli_options *options, const char *name, bool is_selected)
{
    char shown[CF_CLI_PLACE_SIZE];
    if (options->quiet) {
        cf_cli_print("%s\n", name);
    } else if (cf_cli_print_is_for_people()) {
        cf_cli_print("%c %-20s %s\n", is_selected ? '*' : ' ', name, place_of(name, shown));
    } else {
        cf_cli_line_begin();
        cf_cli_line_text("name", name);
        cf_cli_line_text("url", place_of(name, shown));
        cf_cli_line_bool("selected", is_selected);
        cf_cli_line_end();
    }
}

static cf_cli_exit list(const cf_cli_options *options)
{
    char *names[CONTEXTS_MAX];
    char selected[CF_CLI_CONTEXT_NAME_MAX + 1];
    size_t count = read_names(names);
    cf_cli_context_selected(selected);
    for (size_t i = 0; i < count; i++) {
        print_name(options, names[i], strcmp(names[i], selected) == 0);
        free(names[i]);
    }
    return CF_CLI_OK;
}

static cf_cli_exit with_name(const cf_cli_options *options, const char *action, const char *name)
{
    if (strcmp(action, "add") == 0)
        return add(options, name);
    if (strcmp(action, "select") == 0)
        return select_one(name);
    if (strcmp(action, "rm") == 0)
        return remove_one(name);
    if (strcmp(action, "show") == 0)
        return show(name);
    cf_cli_complain("context %s: give add, ls, select, rm or show", action);
    return CF_CLI_USAGE;
}

static cf_cli_exit show_selected(void)
{
    char selected[CF_CLI_CONTEXT_NAME_MAX + 1];
    cf_cli_context_selected(selected);
    if (selected[0] != '\0')
        return show(selected);
    cf_cli_complain("no context is selected: name one");
    return CF_CLI_USAGE;
}

cf_cli_exit cf_cli_context(const cf_cli_options *options)
{
    const char *action = options->arguments[0];
    if (options->argument_count > 1 && strcmp(action, "ls") == 0) {
        cf_cli_complain("context ls lists all of them: leave '%s' out", options->arguments[1]);
        return CF_CLI_USAGE;
    }
    if (strcmp(action, "add") != 0 && cf_cli_options_are_given(options)) {
        cf_cli_complain("context %s takes no options of a server: they are for context add", action);
        return CF_CLI_USAGE;
    }
    if (options->argument_count > 1)
        return with_name(options, action, options->arguments[1]);
    if (strcmp(action, "ls") == 0)
        return list(options);
    if (strcmp(action, "select") == 0)
        return unselect();
    if (strcmp(action, "show") == 0)
        return show_selected();
    return with_name(options, action, "");
}
