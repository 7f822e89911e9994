/*
 * What a started client has to tell, where the application asks for it: centrifuge_client_dispatch.
 */
#ifndef CF_NATIVE_INBOX_H
#define CF_NATIVE_INBOX_H

#include "native/native.h"

typedef struct cf_native_item cf_native_item;

typedef struct cf_native_inbox {
    cf_native_item *first; /* oldest */
    cf_native_item **end;
    size_t count;
    size_t max;             /* `dispatch_max`, SIZE_MAX while somebody joins */
    cf_native_wakeup ready; /* readable while something waits */
    cf_effect held;         /* was taken from the core, and there was no memory for it; it borrows as it did */
    bool holds;
    bool warned; /* that it is full, and not half empty since */
    bool over;   /* the thread has ended: nothing is put any more */
} cf_native_inbox;

/* NULL: NO_MEMORY, or SYSTEM. */
centrifuge_error cf_native_inbox_open(centrifuge_client *client);
/* What still waits is told, or given back where the client is a copy. */
void cf_native_inbox_close(centrifuge_client *client);

/* Who waits for something is woken. */
void cf_native_inbox_end(cf_native_inbox *inbox);

/* Is there room for what the core tells next? If not, nothing is taken from the core until there is. */
bool cf_native_inbox_admits(centrifuge_client *client);
/* An event or a result. It never fails: what has no memory is held, and the inbox admits nothing. */
void cf_native_inbox_put(centrifuge_client *client, const cf_effect *effect);
/* These are lost without memory, or, the latter, told at once. */
void cf_native_inbox_put_log(centrifuge_client *client, cf_log_level level, cf_bytes text);
void cf_native_inbox_put_drained(centrifuge_client *client, const centrifuge_drained_event *event, centrifuge_drained done,
                                 void *user);
/* Tells the oldest; false when there is none. */
bool cf_native_inbox_tell(centrifuge_client *client);

#endif
