/*
 * Operators who watch: what is published to a channel with the option `watch`, at any node, is shown to all of them
 * (server-spec.md 9.1).
 */
#ifndef CF_SERVER_WATCH_H
#define CF_SERVER_WATCH_H

#include "server/services.h"

typedef struct cf_watcher {
    cf_list link; /* in services->watchers; zeroed: it does not watch */
    /* `text`: the whole of a push. The list must not be changed. */
    void (*show)(struct cf_watcher *watcher, cf_bytes text);
} cf_watcher;

void cf_watch_begin(cf_services *services, cf_watcher *watcher);
void cf_watch_end(cf_services *services, cf_watcher *watcher);
/* A publication, as `history` shows it, has come to this node. From elsewhere it is checked. */
void cf_watch_hear(cf_services *services, cf_bytes message);
/* Does anybody watch, at any worker of the process? */
bool cf_watch_is_wanted(const cf_services *services);

#endif
