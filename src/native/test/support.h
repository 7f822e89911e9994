/*
 * What the tests of the native client share: a journal of everything that the client tells, and clients that write it.
 */
#ifndef CF_NATIVE_TEST_SUPPORT_H
#define CF_NATIVE_TEST_SUPPORT_H

#include "native/test/peer.h"

#include <centrifuge/client.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What happened, in order: "connect c1; message news {}; ". */
typedef struct cf_journal {
    char text[16384];
    centrifuge_client *client;
    int done; /* calls that completed */
} cf_journal;

/* All events, each written into the cf_journal that `user` is. */
extern const centrifuge_client_events journal_client_events;
extern const centrifuge_subscription_events journal_subscription_events;
/* A completion that writes "NAME of the code, data, error; ". */
void journal_result(centrifuge_subscription *subscription, const centrifuge_result *result, void *journal);

void note(cf_journal *journal, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool noted(const cf_journal *journal, const char *part);
size_t times_noted(const cf_journal *journal, const char *part);

/* Insecure, short pauses, a raw WebSocket only, since a peer knows nothing else; it may be NULL. */
void quick_options(centrifuge_options *options, const cf_peer *peer);
/* Empties the journal. With the journal as its listener. */
centrifuge_client *make_client(const centrifuge_options *options, cf_journal *journal);
centrifuge_client *make_quick_client(const cf_peer *peer, cf_journal *journal);
/* With the journal as listener. */
centrifuge_subscription *subscribe(cf_journal *journal, const char *channel);

/* Waits until the journal has `part`; fails the test when the client has nothing more to do or after very long. */
void run_until(cf_journal *journal, const char *part);
/* Disconnects, runs to the end, destroys. */
void end_client(cf_journal *journal);

#define OK(call) assert_string_equal(centrifuge_error_name(call), "OK")

#endif
