#include "ws/handshake.h"

#define LINE_END CF_BYTES("\r\n")
#define HEAD_END CF_BYTES("\r\n\r\n")

/* What the headers said (section 4.1, the client's checks 2 to 6). */
typedef struct response_headers {
    bool upgrade;
    bool connection;
    bool accept;
    bool extension;
    bool subprotocol; /* one that was not asked for */
} response_headers;

/* Takes the next line, without its end. */
static cf_bytes take_line(cf_bytes *rest)
{
    ptrdiff_t end = cf_bytes_find(*rest, LINE_END);
    size_t size = end < 0 ? rest->size : (size_t)end;
    cf_bytes line = cf_bytes_slice(*rest, 0, size);
    *rest = cf_bytes_slice(*rest, size + LINE_END.size, rest->size);
    return line;
}

/* RFC 9112 section 4: "HTTP/1.1 101 Switching Protocols"; 0 for no status line. */
static int parse_status(cf_bytes line)
{
    if (!cf_bytes_starts_with(line, CF_BYTES("HTTP/1.")) || line.size < 12 || line.data[8] != ' ')
        return 0;
    int status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (line.data[i] < '0' || line.data[i] > '9')
            return 0;
        status = status * 10 + (line.data[i] - '0');
    }
    return status >= 100 && (line.size == 12 || line.data[12] == ' ') ? status : 0;
}

/* RFC 9110 section 5.1: no white space or control characters in a name, none between it and the colon. */
static bool split_header(cf_bytes line, cf_bytes *name, cf_bytes *value)
{
    ptrdiff_t colon = cf_bytes_find(line, CF_BYTES(":"));
    if (colon <= 0)
        return false;
    *name = cf_bytes_slice(line, 0, (size_t)colon);
    *value = cf_ws_trim(cf_bytes_slice(line, (size_t)colon + 1, line.size));
    for (size_t i = 0; i < name->size; i++) {
        if ((unsigned char)name->data[i] <= ' ' || (unsigned char)name->data[i] >= 0x7f)
            return false;
    }
    return true;
}

/* What the answer has to agree with. */
typedef struct asked {
    cf_bytes accept;
    cf_bytes protocols;
} asked;

static void note_header(response_headers *answer, cf_bytes name, cf_bytes value, const asked *request)
{
    if (cf_bytes_equal_fold(name, CF_BYTES("Upgrade")))
        answer->upgrade = cf_bytes_equal_fold(value, CF_BYTES("websocket"));
    else if (cf_bytes_equal_fold(name, CF_BYTES("Connection")))
        answer->connection = answer->connection || cf_ws_has_token(value, CF_BYTES("upgrade"));
    else if (cf_bytes_equal_fold(name, CF_BYTES("Sec-WebSocket-Accept")))
        answer->accept = cf_bytes_equal(value, request->accept);
    else if (cf_bytes_equal_fold(name, CF_BYTES("Sec-WebSocket-Extensions")))
        answer->extension = answer->extension || value.size > 0;
    else if (cf_bytes_equal_fold(name, CF_BYTES("Sec-WebSocket-Protocol")))
        answer->subprotocol = answer->subprotocol || !cf_ws_has_token(request->protocols, value);
}

static const char *answer_problem(const response_headers *answer)
{
    if (!answer->upgrade)
        return "the answer has no header 'Upgrade: websocket'";
    if (!answer->connection)
        return "the answer has no header 'Connection: Upgrade'";
    if (!answer->accept)
        return "the answer's Sec-WebSocket-Accept does not belong to this request";
    if (answer->extension)
        return "the answer has a WebSocket extension that was not asked for";
    if (answer->subprotocol)
        return "the answer has a WebSocket subprotocol that was not asked for";
    return NULL;
}

static const char *check_headers(cf_bytes lines, cf_bytes key, cf_bytes protocols)
{
    response_headers found = {.upgrade = false};
    char accept[CF_WS_ACCEPT_SIZE];
    const asked request = {cf_bytes_make(accept, sizeof(accept)), protocols};
    cf_bytes name;
    cf_bytes value;
    cf_ws_accept_key(key, accept);
    while (lines.size > 0) {
        if (!split_header(take_line(&lines), &name, &value))
            return "the answer has a malformed header";
        note_header(&found, name, value, &request);
    }
    return answer_problem(&found);
}

static cf_ws_response_state invalid(const char **problem, const char *text)
{
    *problem = text;
    return CF_WS_RESPONSE_INVALID;
}

/* Judges as early as possible, so that a peer of another protocol is not waited for. `full`: no more is read. */
static cf_ws_response_state check_beginning(cf_bytes head, bool full, const char **problem)
{
    cf_bytes expected = CF_BYTES("HTTP/1.");
    if (!cf_bytes_starts_with(expected, cf_bytes_slice(head, 0, expected.size)))
        return invalid(problem, "the answer is not HTTP/1.1");
    if (full)
        return invalid(problem, "the head of the answer is larger than 16384 bytes");
    return CF_WS_RESPONSE_MORE;
}

/* Takes the next head, without the empty line at its end; false when it is not complete. */
static bool take_head(cf_bytes *rest, cf_bytes *head)
{
    ptrdiff_t end = cf_bytes_find(*rest, HEAD_END);
    if (end < 0)
        return false;
    *head = cf_bytes_slice(*rest, 0, (size_t)end);
    *rest = cf_bytes_slice(*rest, (size_t)end + HEAD_END.size, rest->size);
    return true;
}

static bool is_interim(int status)
{
    return status >= 100 && status < 200 && status != 101;
}

cf_ws_response_state cf_ws_check_response(cf_bytes received, cf_bytes key, cf_bytes protocols, size_t *used, int *status,
                                          const char **problem)
{
    cf_bytes rest = cf_bytes_slice(received, 0, CF_WS_RESPONSE_HEAD_MAX);
    size_t size = rest.size;
    cf_bytes lines;
    *used = 0;
    *status = 0;
    *problem = NULL;
    do {
        if (!take_head(&rest, &lines))
            return check_beginning(rest, received.size >= CF_WS_RESPONSE_HEAD_MAX, problem);
        *status = parse_status(take_line(&lines));
    } while (is_interim(*status));
    *used = size - rest.size;
    if (*status == 0)
        return invalid(problem, "the answer is not HTTP/1.1");
    if (*status != 101)
        return CF_WS_RESPONSE_STATUS;
    *problem = check_headers(lines, key, protocols);
    return *problem == NULL ? CF_WS_RESPONSE_OK : CF_WS_RESPONSE_INVALID;
}

cf_bytes cf_ws_response_header(cf_bytes head, cf_bytes name)
{
    cf_bytes found;
    cf_bytes value;
    while (head.size > 0) {
        if (split_header(take_line(&head), &found, &value) && cf_bytes_equal_fold(found, name))
            return value;
    }
    return cf_bytes_make(NULL, 0);
}
