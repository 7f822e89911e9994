/*
 * Opens the transport that the address means, or finds out which one comes through (client-spec.md 3).
 */
#ifndef CF_NATIVE_OPEN_H
#define CF_NATIVE_OPEN_H

#include "native/transport.h"

cf_native_transport_open cf_native_open;
/*
 * For the live transport, which was lost: opens another one in its place, if it was a raw WebSocket that something on the way
 * refused, and there are others. The core knows nothing of it.
 */
bool cf_native_open_other(cf_native_transport *lost, centrifuge_error error, const char *detail);

#endif
