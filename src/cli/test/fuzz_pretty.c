/* However the text is cut the same comes out; without colours and indentation that is the text, but for control characters. */
#include "cli/pretty.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct output {
    char *bytes;
    size_t size;
    size_t capacity;
} output;

static output *target;

static void put(const char *bytes, size_t size)
{
    if (size > target->capacity - target->size)
        abort();
    memcpy(target->bytes + target->size, bytes, size);
    target->size += size;
}

/* A byte becomes at most a line end with its indentation, a colour, six bytes of escape and a colour. */
static output shown(const uint8_t *data, size_t size, bool color, bool indent, size_t step)
{
    output made = {.capacity = size * (2 * CF_CLI_PRETTY_DEPTH + 32) + 32};
    cf_cli_pretty pretty;
    made.bytes = malloc(made.capacity);
    if (made.bytes == NULL)
        abort();
    target = &made;
    cf_cli_pretty_begin(&pretty, put, color, indent);
    for (size_t i = 0; i < size; i += step)
        cf_cli_pretty_add(&pretty, (const char *)data + i, size - i < step ? size - i : step);
    cf_cli_pretty_end(&pretty);
    return made;
}

static void compare(const uint8_t *data, size_t size, bool color, bool indent)
{
    output whole = shown(data, size, color, indent, size + 1);
    output pieces = shown(data, size, color, indent, 1);
    if (whole.size != pieces.size || memcmp(whole.bytes, pieces.bytes, whole.size) != 0)
        abort();
    free(whole.bytes);
    free(pieces.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    compare(data, size, false, false);
    compare(data, size, true, true);
    output plain = shown(data, size, false, false, size + 1);
    if (memchr(data, 0x7f, size) == NULL && memchr(data, 0xc2, size) == NULL &&
        (plain.size != size || memcmp(plain.bytes, data, size) != 0))
        abort();
    free(plain.bytes);
    return 0;
}
