#include "server/net/lines.h"

void cf_http_lines_init(cf_http_lines *lines, bool request_line)
{
    *lines = (cf_http_lines){.request_line = request_line};
}

static void refuse_line(cf_http_lines *self, int status, const char *reason)
{
    self->status = status;
    self->reason = reason;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Each byte of the protocol as it comes, so that a wrong version is told before llhttp stumbles over it. */
static void read_protocol(cf_http_lines *self, char c)
{
    static const char expected[] = "HTTP/1.1";
    size_t at = self->protocol_size++;
    bool digit = at == 5 || at == 7;
    self->old = at == 7 && c == '0';
    if (at < sizeof(expected) - 1 && (c == expected[at] || self->old))
        return;
    if (digit && is_digit(c))
        refuse_line(self, 505, "its version is neither HTTP/1.0 nor HTTP/1.1");
    else
        refuse_line(self, 400, "the request line does not end with HTTP/1.1");
}

static void end_request_line(cf_http_lines *self)
{
    self->request_line = false;
    if (self->protocol_size < sizeof("HTTP/1.1") - 1)
        refuse_line(self, 400, "the request line does not end with HTTP/1.1");
}

/* One empty line before a request is what some clients send behind a body (RFC 9112 section 2.2). */
static void end_empty_line(cf_http_lines *self)
{
    if (!self->request_line)
        self->done = true;
    else if (self->empty_seen)
        refuse_line(self, 400, "empty lines before the request");
    self->empty_seen = true;
}

static void end_line(cf_http_lines *self)
{
    self->carriage_return = false;
    if (!self->line_begun)
        end_empty_line(self);
    else if (self->request_line)
        end_request_line(self);
    self->line_begun = false;
}

static void read_request_line(cf_http_lines *self, char c)
{
    if (c == '\t' || (c == ' ' && ++self->spaces > 2))
        refuse_line(self, 400, "the request line is not three words with one space between them");
    else if (c != ' ' && self->spaces == 2)
        read_protocol(self, c);
}

static void read_byte(cf_http_lines *self, char c)
{
    if (self->carriage_return && c != '\n') {
        refuse_line(self, 400, "a CR without LF");
    } else if (self->carriage_return) {
        end_line(self);
    } else if (c == '\r') {
        self->carriage_return = true;
    } else if (c == '\n') {
        refuse_line(self, 400, "a line ends with LF alone");
    } else if (((unsigned char)c < ' ' && c != '\t') || c == 0x7f) {
        refuse_line(self, 400, "a control character in the head");
    } else if (!self->line_begun && (c == ' ' || c == '\t')) {
        refuse_line(self, 400, "a line begins with a blank");
    } else {
        self->started = self->line_begun = true;
        if (self->request_line)
            read_request_line(self, c);
    }
}

/* Where the ordinary bytes end, of a field that has begun: most of a head is that. */
static size_t skip_text(const cf_http_lines *self, const char *data, size_t at, size_t size)
{
    if (!self->line_begun || self->request_line || self->carriage_return)
        return at;
    while (at < size && (unsigned char)data[at] >= ' ' && data[at] != 0x7f)
        at++;
    return at;
}

size_t cf_http_lines_read(cf_http_lines *self, const char *data, size_t size)
{
    size_t at = 0;
    while (at < size && !self->done && self->status == 0) {
        at = skip_text(self, data, at, size);
        if (at < size)
            read_byte(self, data[at++]);
    }
    return at;
}
