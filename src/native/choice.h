/*
 * Which transport an attempt to connect begins with: what the options allow, and what the client has learnt (client-spec.md 3).
 */
#ifndef CF_NATIVE_CHOICE_H
#define CF_NATIVE_CHOICE_H

#include "native/native.h"

/* ---- the options ---- */

/*
 * Reads the option `transports`; NULL: all, "": none. Where the address does not say what is there (`detect`), a WebSocket that
 * is tried first is a raw one. False: it is no list of different ones.
 */
bool cf_native_choice_read(const char *option, bool detect, uint8_t transports[CF_NATIVE_TRANSPORTS_MAX]);
/* As the option calls it. */
const char *cf_native_choice_name(cf_sockjs_transport transport);
size_t cf_native_choice_count(const centrifuge_client *client);

/* ---- what was learnt ---- */

/* Place in the list of the one to begin an attempt with. */
size_t cf_native_choice_begin(centrifuge_client *client);
/* The one at `place` is being opened. */
void cf_native_choice_trying(centrifuge_client *client, size_t place);
/* It has brought a message. */
void cf_native_choice_worked(centrifuge_client *client);
/* It was given up: without a message before that the next one has its turn. */
void cf_native_choice_failed(centrifuge_client *client);
/* What was learnt was learnt in another network. */
void cf_native_choice_forget(centrifuge_client *client);

#endif
