#define _POSIX_C_SOURCE 200809L
#include "cli/input.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 65536 };

static bool make_room(cf_cli_input *input)
{
    if (input->taken > 0) {
        input->size -= input->taken;
        memmove(input->data, input->data + input->taken, input->size);
        input->taken = 0;
    }
    if (input->capacity - input->size >= CHUNK)
        return true;
    if (input->size >= CF_CLI_INPUT_MAX) {
        cf_cli_complain("standard input, or a line of it, is larger than %zu bytes", CF_CLI_INPUT_MAX);
        return false;
    }
    size_t capacity = 2 * input->capacity + CHUNK;
    char *data = realloc(input->data, capacity);
    if (data == NULL) {
        cf_cli_complain("out of memory");
        return false;
    }
    input->data = data;
    input->capacity = capacity;
    return true;
}

bool cf_cli_input_read(cf_cli_input *input)
{
    if (!make_room(input))
        return false;
    ssize_t got;
    while ((got = read(STDIN_FILENO, input->data + input->size, CHUNK)) < 0 && (errno == EINTR || errno == EAGAIN))
        poll(&(struct pollfd){.fd = STDIN_FILENO, .events = POLLIN}, 1, -1);
    if (got < 0) {
        cf_cli_complain("cannot read standard input: %s", strerror(errno));
        return false;
    }
    if (got == 0)
        input->ended = true;
    input->size += (size_t)got;
    return true;
}

bool cf_cli_input_read_all(cf_cli_input *input)
{
    while (!input->ended) {
        if (!cf_cli_input_read(input))
            return false;
    }
    return true;
}

bool cf_cli_input_line(cf_cli_input *input, centrifuge_bytes *line)
{
    size_t left = input->size - input->taken;
    if (left == 0)
        return false;
    const char *start = input->data + input->taken;
    const char *end = memchr(start, '\n', left);
    if (end == NULL && !input->ended)
        return false;
    size_t size = end ? (size_t)(end - start) : left;
    input->taken += end ? size + 1 : size;
    if (size > 0 && start[size - 1] == '\r')
        size--;
    *line = (centrifuge_bytes){start, size};
    return true;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

centrifuge_bytes cf_cli_trim(centrifuge_bytes text)
{
    while (text.size > 0 && is_space(text.bytes[0])) {
        text.bytes++;
        text.size--;
    }
    while (text.size > 0 && is_space(text.bytes[text.size - 1]))
        text.size--;
    return text;
}

cf_cli_exit cf_cli_input_give(const cf_cli_options *options,
                              cf_cli_exit (*take)(const cf_cli_options *options, centrifuge_bytes data))
{
    cf_cli_input input = {0};
    cf_cli_exit code = CF_CLI_ERROR;
    if (cf_cli_input_read_all(&input)) {
        centrifuge_bytes data = {input.data, input.size};
        if (data.size > 0 && data.bytes[data.size - 1] == '\n')
            data.size--;
        code = take(options, data);
    }
    free(input.data);
    return code;
}
