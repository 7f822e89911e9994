#include "echo.h"

#include "ws/frame.h"
#include "system/heap.h"

#include <stdlib.h>
#include <string.h>

#define AMPLIFY_MAX 18

struct cf_session {
    echo_service *service;
    const cf_transport_ops *ops;
    void *transport;
    cf_outbox outbox;
    cf_list due;
    int code; /* to be closed with it; 0: not */
    cf_bytes reason;
};

static void add_due(cf_session *session)
{
    if (!cf_list_linked(&session->due))
        cf_list_append(&session->service->due, &session->due);
}

cf_session *cf_session_new(cf_services *services, const cf_transport_ops *ops, void *transport)
{
    cf_session *session = cf_alloc_zero(&cf_heap, 1, sizeof(*session));
    if (session == NULL)
        return NULL;
    session->service = CF_CONTAINER(services, echo_service, services);
    session->ops = ops;
    session->transport = transport;
    session->outbox.form = ops->form;
    if (session->service->closes)
        cf_session_close_code(session, CF_WS_CLOSE_ADVICE, CF_BYTES("Go away!"));
    return session;
}

void cf_session_gone(cf_session *session)
{
    if (cf_list_linked(&session->due))
        cf_list_remove(&session->due);
    cf_outbox_free(&session->outbox, &cf_heap);
    cf_free(&cf_heap, session);
}

static void say(cf_session *session, cf_bytes text)
{
    cf_chunk *chunk = cf_chunk_new(&cf_heap, text.size);
    if (chunk == NULL || !cf_chunk_append(chunk, CF_WS_TEXT, text) || !cf_outbox_push(&session->outbox, chunk, &cf_heap))
        cf_session_close_code(session, CF_WS_CLOSE_GOING_AWAY, CF_BYTES("out of memory"));
    if (chunk != NULL)
        cf_chunk_release(chunk);
    add_due(session);
}

static void amplify(cf_session *session, cf_bytes number)
{
    static char letters[1 << AMPLIFY_MAX];
    size_t n = 0;
    for (size_t i = 0; i < number.size && n <= AMPLIFY_MAX; i++)
        n = n * 10 + (size_t)(number.data[i] - '0') % 10;
    memset(letters, 'x', sizeof(letters));
    say(session, cf_bytes_make(letters, (size_t)1 << (n == 0 || n > AMPLIFY_MAX ? 1 : n)));
}

/* The protocol's tests want an empty WebSocket message to be nothing. */
void cf_session_receive(cf_session *session, cf_ws_opcode opcode, cf_bytes message)
{
    (void)opcode;
    if (message.size == 0 || session->code != 0)
        return;
    if (session->service->amplifies)
        amplify(session, message);
    else
        say(session, message);
}

void cf_session_close_code(cf_session *session, int code, cf_bytes reason)
{
    session->code = code;
    session->reason = reason;
    add_due(session);
}

/* The protocol's tests want malformed messages to end the connection without a frame of SockJS. */
void cf_session_close(cf_session *session, cf_trouble trouble)
{
    (void)trouble;
    cf_session_close_code(session, CF_WS_CLOSE_INVALID_DATA, CF_BYTES("broken JSON"));
}

bool cf_session_is_connected(const cf_session *session)
{
    (void)session;
    return false;
}

cf_outbox *cf_session_outbox(cf_session *session)
{
    return &session->outbox;
}

void cf_session_written(cf_session *session, size_t size)
{
    (void)cf_outbox_consume(&session->outbox, size, &cf_heap);
}

void cf_session_writable(cf_session *session)
{
    if (session->outbox.count > 0)
        add_due(session);
}

static void end_session(cf_session *session)
{
    session->ops->close(session->transport, session->code, session->reason);
    cf_session_gone(session);
}

/* Who is made due by this has its turn in the next one. */
void echo_end_turn(echo_service *service)
{
    cf_list_append(&service->due, &service->turn_end);
    for (cf_list *link; (link = cf_list_take(&service->due)) != &service->turn_end;) {
        cf_session *session = CF_CONTAINER(link, cf_session, due);
        if (session->code != 0)
            end_session(session);
        else
            session->ops->flush(session->transport, session);
    }
}
