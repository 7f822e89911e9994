#include "http/http.h"

#include <string.h>

/* RFC 9110 section 5.6.2. */
static bool is_token(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size == strspn(text, "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}

/* RFC 9110 section 5.5. */
static bool has_controls(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
            return true;
    return false;
}

/*
 * X(header): what the library alone can say, of the upgrade and of the body. A name that ends with a hyphen stands for all of
 * them.
 */
#define RESERVED_HEADERS(X) X("Connection") X("Upgrade") X("Content-Length") X("Transfer-Encoding") X("Sec-WebSocket-")

typedef struct reserved_header {
    cf_bytes name;
    const char *problems[3]; /* in the order of header_options */
} reserved_header;

static const char *const header_options[] = {"headers", "auth_headers", "refresh_headers"};

#define RESERVED_ROW(header)                                                                                                   \
    {CF_LITERAL(header),                                                                                                       \
     {"headers: " header " is set by the library", "auth_headers: " header " is set by the library",                           \
      "refresh_headers: " header " is set by the library"}},
static const reserved_header reserved_headers[] = {RESERVED_HEADERS(RESERVED_ROW)};

static const reserved_header *find_reserved(cf_bytes name)
{
    if (cf_bytes_equal_fold(name, CF_BYTES("Sec-WebSocket-Protocol")))
        return NULL;
    for (size_t i = 0; i < sizeof reserved_headers / sizeof reserved_headers[0]; i++) {
        cf_bytes reserved = reserved_headers[i].name;
        bool all = cf_bytes_ends_with(reserved, CF_BYTES("-"));
        if (cf_bytes_equal_fold(cf_bytes_slice(name, 0, all ? reserved.size : name.size), reserved))
            return &reserved_headers[i];
    }
    return NULL;
}

static const char *problem_of(const reserved_header *reserved, const char *option)
{
    size_t i = 0;
    while (strcmp(header_options[i], option) != 0)
        i++;
    return reserved->problems[i];
}

const char *cf_http_headers_check(const centrifuge_header *headers, size_t count, const char *option)
{
    if (count > 0 && !headers)
        return option;
    for (size_t i = 0; i < count; i++) {
        const centrifuge_header *header = &headers[i];
        if (!header->name || !header->value || !is_token(header->name) || has_controls(header->value))
            return option;
        const reserved_header *reserved = find_reserved(cf_bytes_of(header->name));
        if (reserved)
            return problem_of(reserved, option);
    }
    return NULL;
}

void cf_http_header_append(cf_bytes name, cf_bytes value, cf_buffer *line)
{
    cf_buffer_append(line, name);
    cf_buffer_append(line, value.size > 0 ? CF_BYTES(": ") : CF_BYTES(";"));
    cf_buffer_append(line, value);
}
