/*
 * A way to a server, as driver.c sees it: what it does for the driver, and what it tells. socket.c is one, sockjs.c another.
 */
#ifndef CF_NATIVE_TRANSPORT_H
#define CF_NATIVE_TRANSPORT_H

#include "native/native.h"

/* None frees the transport but `reap`, so that whoever walks through all of them may call any. */
typedef struct cf_native_transport_ops {
    /* Of one that is open, for the application; static. */
    const char *(*name)(const cf_native_transport *transport);
    /* Queues a text message. */
    void (*send)(cf_native_transport *transport, cf_bytes text);
    /* Sends what waits, as far as the system takes it. */
    void (*flush)(cf_native_transport *transport);
    /* Goes on with what was received when the share of a turn was used up. */
    void (*resume)(cf_native_transport *transport);
    /* False: the descriptor is not of this transport. An older transport is asked before a younger one. */
    bool (*ready)(cf_native_transport *transport, centrifuge_socket handle, int events);
    /* Does what is due; with `read_all` reads whether or not the system tells of bytes. */
    void (*timers)(cf_native_transport *transport, cf_time now, bool read_all);
    /* When `timers` wants to be called, CF_TIME_NEVER for never. */
    cf_time (*deadline)(const cf_native_transport *transport);
    /* Bytes that wait to be sent. */
    size_t (*unsent)(const cf_native_transport *transport);
    /* Politely; nothing is told any more. */
    void (*close)(cf_native_transport *transport);
    /* At once. */
    void (*kill)(cf_native_transport *transport);
    /* At once, in a copy, whose watched descriptors are closed: what libraries hold stays behind. */
    void (*abandon)(cf_native_transport *transport);
    /* Frees it if it is dead. */
    void (*reap)(cf_native_transport *transport);
} cf_native_transport_ops;

/* What a transport tells whoever has opened it. After `closed` and `lost` it ends by itself. */
typedef struct cf_native_transport_events {
    void (*opened)(cf_native_transport *transport);
    void (*received)(cf_native_transport *transport, cf_bytes text);
    void (*alive)(cf_native_transport *transport);
    /* By the peer. */
    void (*closed)(cf_native_transport *transport, uint16_t code, cf_bytes reason);
    void (*lost)(cf_native_transport *transport, centrifuge_error error, const char *detail);
    /* Something waits to be sent, or does not any more. */
    void (*unsent)(cf_native_transport *transport);
} cf_native_transport_events;

struct cf_native_transport {
    cf_list link; /* in centrifuge_client.transports, the oldest first */
    centrifuge_client *client;
    const cf_native_transport_ops *ops;
    const cf_native_transport_events *tell;
    uint32_t id; /* the core's name for it */
};

#endif
