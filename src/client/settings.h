/* Options as they are kept. */
#ifndef CF_CLIENT_SETTINGS_H
#define CF_CLIENT_SETTINGS_H

#include "client/state.h"

/* A copy of the options; NULL without memory. */
cf_settings *cf_settings_make(const cf_client_options *options, cf_transport_kind transport, const cf_allocator *allocator);
/* `options` NULL: the defaults, not configured. */
centrifuge_error cf_settings_new(cf_settings **settings, const cf_client_options *options, const cf_allocator *allocator,
                                 size_t *fault);

#endif
