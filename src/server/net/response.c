#include "server/net/response.h"

#include <stdio.h>
#include <time.h>

typedef struct status_text {
    int status;
    const char *reason;
    cf_bytes body;
} status_text;

#define STATUS(number, text)                                                                                                   \
    {                                                                                                                          \
        number, text,                                                                                                          \
        {                                                                                                                      \
            text "\n", sizeof(text)                                                                                            \
        }                                                                                                                      \
    }

static const status_text texts[] = {
    STATUS(200, "OK"),
    {204, "No Content", {NULL, 0}},
    STATUS(301, "Moved Permanently"),
    {304, "Not Modified", {NULL, 0}},
    STATUS(400, "Bad Request"),
    STATUS(401, "Unauthorized"),
    STATUS(403, "Forbidden"),
    {404, "Not Found", {"404 page not found\n", 19}},
    STATUS(405, "Method Not Allowed"),
    STATUS(408, "Request Timeout"),
    STATUS(413, "Request Entity Too Large"),
    STATUS(417, "Expectation Failed"),
    STATUS(429, "Too Many Requests"),
    STATUS(431, "Request Header Fields Too Large"),
    STATUS(500, "Internal Server Error"),
    STATUS(501, "Not Implemented"),
    STATUS(503, "Service Unavailable"),
    STATUS(505, "HTTP Version Not Supported"),
};

static const status_text *find(int status)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].status == status)
            return &texts[i];
    }
    return NULL;
}

const char *cf_http_reason(int status)
{
    const status_text *text = find(status);
    return text != NULL ? text->reason : "Unknown";
}

cf_http_response cf_http_plain(int status)
{
    const status_text *text = find(status);
    return (cf_http_response){
        .status = status,
        .content_type = CF_HTTP_TEXT,
        .extra = CF_BYTES("X-Content-Type-Options: nosniff\r\n"),
        .body = text != NULL ? text->body : (cf_bytes){0},
    };
}

void cf_http_write_date(int64_t unix_time, char text[CF_HTTP_DATE_SIZE])
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t time = (time_t)unix_time;
    struct tm parts;
    text[0] = '\0';
    if (gmtime_r(&time, &parts) == NULL)
        return;
    (void)snprintf(text, CF_HTTP_DATE_SIZE, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[parts.tm_wday % 7],
                   (unsigned)parts.tm_mday % 100, months[parts.tm_mon % 12], (unsigned)(parts.tm_year + 1900) % 10000,
                   (unsigned)parts.tm_hour % 100, (unsigned)parts.tm_min % 100, (unsigned)parts.tm_sec % 100);
}

static void put(cf_buffer *out, const char *text)
{
    cf_buffer_append(out, cf_bytes_of(text));
}

static const char *const connection_lines[] = {
    [CF_HTTP_CLOSE] = "Connection: close\r\n",
    [CF_HTTP_KEEP] = "",
    [CF_HTTP_KEEP_OLD] = "Connection: keep-alive\r\n",
};

size_t cf_http_body_size(const cf_http_response *response)
{
    return response->parts == NULL ? response->body.size : cf_bytes_total(response->parts, response->part_count);
}

void cf_http_write_head(cf_buffer *out, const cf_http_response *response, cf_bytes date, cf_http_end end)
{
    put(out, "HTTP/1.1 ");
    cf_buffer_append_int(out, response->status);
    put(out, " ");
    put(out, cf_http_reason(response->status));
    if (response->content_type.size > 0) {
        put(out, "\r\nContent-Type: ");
        cf_buffer_append(out, response->content_type);
    }
    put(out, "\r\n");
    cf_buffer_append(out, response->extra);
    put(out, connection_lines[end]);
    put(out, "Date: ");
    cf_buffer_append(out, date);
    if (response->framing == CF_HTTP_CHUNKED) {
        put(out, "\r\nTransfer-Encoding: chunked");
    } else if (response->framing == CF_HTTP_SIZED && response->status != 204 && response->status != 304) {
        /* RFC 9110 section 8.6 */
        put(out, "\r\nContent-Length: ");
        cf_buffer_append_int(out, (int64_t)cf_http_body_size(response));
    }
    put(out, "\r\n\r\n");
}
