/*
 * The one table of options: it drives the file, the environment, the flags,
 * the validation, the help and the reference in docs/configuration.md.
 */
#ifndef CF_SERVER_CONFIG_OPTIONS_H
#define CF_SERVER_CONFIG_OPTIONS_H

#include "server/config/config.h"

/* Before an option's name in capitals, in the environment. */
#define CF_OPTION_PREFIX            "CENTRIFUGED_"
#define CF_OPTION_PREFIX_CENTRIFUGO "CENTRIFUGO_"

typedef enum cf_option_kind {
    CF_OPTION_BOOL,
    CF_OPTION_INT,
    CF_OPTION_STRING,
    CF_OPTION_TEXTS, /* one text; several by commas, in the file also as a list of texts */
    CF_OPTION_PORT,  /* a number or its text; "" is the default */
    CF_OPTION_LIST   /* namespaces; from elsewhere than the file it is JSON */
} cf_option_kind;

typedef enum cf_option_reload {
    CF_RELOAD_LIVE,        /* counts at once, for connections that are open too */
    CF_RELOAD_NEW,         /* counts for new connections */
    CF_RELOAD_CREDENTIALS, /* counts from a client's next connect or refresh */
    CF_RELOAD_NO           /* only at the start */
} cf_option_reload;

/* What becomes of an option whose feature this version does not have. */
typedef enum cf_option_state {
    CF_OPTION_BUILT,
    CF_OPTION_REFUSED, /* its value would turn the feature on: an error */
    CF_OPTION_IDLE     /* without the feature it has no effect: a warning */
} cf_option_state;

typedef struct cf_option {
    const char *name;
    cf_option_kind kind;
    const char *initial; /* the default, as text */
    const char *unit;    /* of a number; NULL for none */
    int64_t minimum;     /* of a number */
    int64_t maximum;
    char letter;       /* short flag, or 0 */
    bool centrifugo;   /* is read from CENTRIFUGO_<NAME> too, as the reference does */
    bool confidential; /* nobody else may see it */
    cf_option_reload reload;
    cf_option_state state;
    size_t offset;       /* in cf_config; of a channel option in cf_channel_options */
    const char *missing; /* not built: the feature that it belongs to */
    const char *instead; /* refused: what to do instead; NULL: there is nothing */
    const char *meaning;
} cf_option;

extern const cf_option cf_options[];
extern const size_t cf_option_count;
/* Options of channels: at the top level and inside every namespace. Variables and flags count for the top level. */
extern const cf_option cf_channel_option_table[];
extern const size_t cf_channel_option_count;

/* Both tables; without regard to ASCII case; NULL: there is none of this name. */
const cf_option *cf_option_find(cf_bytes name);
/* The same, for flags: the exact name. */
const cf_option *cf_option_find_flag(cf_bytes name);
const cf_option *cf_option_find_letter(char letter);
/* nearest.c: the option with a name that this could be a slip of; NULL: there is none. */
const cf_option *cf_option_nearest(cf_bytes name);
/* The same for the keys of a namespace. */
const char *cf_option_nearest_of_channel(cf_bytes name);
typedef struct cf_option_name {
    char text[64];
} cf_option_name;

/* "CENTRIFUGED_PORT" */
cf_option_name cf_option_variable(const char *prefix, const char *name);
/* Is it one of the channel options? */
bool cf_option_of_channel(const cf_option *option);
/* Has it the same value at both places? */
bool cf_option_same(const cf_option *option, const void *a, const void *b);
/* The reference as Markdown (docs/configuration.md): every option of the tables. */
void cf_option_write_reference(cf_buffer *out);

#endif
