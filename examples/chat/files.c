/*
 * The page's files. What is served is what the table names; no path of a request ever becomes the name of a file.
 */
#define _POSIX_C_SOURCE 200809L
#include "http.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct chat_file {
    const char *path;
    const char *name; /* in the folder of the page; NULL: the library */
    const char *type;
};

static const chat_file files[] = {
    {"/", "index.html", "text/html; charset=utf-8"},
    {"/chat.css", "chat.css", "text/css; charset=utf-8"},
    {"/chat.js", "chat.js", "text/javascript; charset=utf-8"},
    {"/room.js", "room.js", "text/javascript; charset=utf-8"},
    {"/log.js", "log.js", "text/javascript; charset=utf-8"},
    {"/offline.js", "offline.js", "text/javascript; charset=utf-8"},
    {"/icon.svg", "icon.svg", "image/svg+xml"},
    {"/centrifuge.js", NULL, "text/javascript; charset=utf-8"},
};

#define COUNT (sizeof files / sizeof *files)

/* Nothing but our own files, WebAssembly made from them, and centrifuged. */
static void add_policy(const chat_settings *settings, struct MHD_Response *response)
{
    char policy[512];
    snprintf(policy, sizeof policy,
             "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; "
             "connect-src 'self' %s; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
             "require-trusted-types-for 'script'; trusted-types 'none'",
             settings->server);
    MHD_add_response_header(response, "Content-Security-Policy", policy);
}

static int open_file(const chat_settings *settings, const chat_file *found)
{
    char path[4096];
    if (!found->name)
        return open(settings->library, O_RDONLY | O_CLOEXEC);
    int size = snprintf(path, sizeof path, "%s/%s", settings->page, found->name);
    return size > 0 && (size_t)size < sizeof path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

enum MHD_Result chat_file_reply(const chat_settings *settings, struct MHD_Connection *connection, const chat_file *found)
{
    struct stat status;
    int descriptor = open_file(settings, found);
    if (descriptor < 0)
        return chat_reply_refusal(connection, 404, "the file is gone", NULL);
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(descriptor);
        return chat_reply_refusal(connection, 404, "no file", NULL);
    }
    struct MHD_Response *response = MHD_create_response_from_fd((size_t)status.st_size, descriptor);
    if (!response) {
        close(descriptor);
        return MHD_NO;
    }
    add_policy(settings, response);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
    return chat_reply(connection, 200, response, found->type);
}

const chat_file *chat_file_find(const char *path)
{
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(files[i].path, path) == 0)
            return &files[i];
    return NULL;
}

/* Said now rather than to the first visitor. */
bool chat_files_are_there(const chat_settings *settings)
{
    for (size_t i = 0; i < COUNT; i++) {
        int descriptor = open_file(settings, &files[i]);
        if (descriptor < 0) {
            if (files[i].name)
                fprintf(stderr, "chat: cannot read %s/%s\n", settings->page, files[i].name);
            else
                fprintf(stderr, "chat: cannot read %s\n", settings->library);
            return false;
        }
        close(descriptor);
    }
    return true;
}
