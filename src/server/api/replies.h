/*
 * The replies of one request, in the order of its commands. Some of these are under way together, and the engine may answer a
 * later one first: its reply stands aside until those before it are there.
 */
#ifndef CF_SERVER_API_REPLIES_H
#define CF_SERVER_API_REPLIES_H

#include "base/list.h"
#include "wire/v1/v1.h"

/* A command from its beginning to its reply. Its slices are the request's, and its own once it has to wait. */
typedef struct cf_api_command {
    cf_list link; /* in `open`, once it has to wait */
    void *call;   /* the request */
    cf_method method;
    cf_bytes uid;
    cf_bytes channel;
    bool done; /* replied */
    size_t weight;
    char *texts;     /* its own copy of the slices, or NULL */
    cf_buffer reply; /* that stands aside; zeroed: there is none */
} cf_api_command;

typedef struct cf_api_replies {
    const cf_allocator *allocator;
    cf_buffer text; /* a JSON array; failed: no memory, or it is too large */
    cf_list open;   /* commands that are not answered, or behind one that is not */
    size_t weight;  /* of these */
    size_t aside;   /* bytes of replies that stand aside */
    cf_api_command *spare;
} cf_api_replies;

void cf_api_replies_init(cf_api_replies *replies, const cf_allocator *allocator, size_t limit);
/* None is open. */
void cf_api_replies_free(cf_api_replies *replies);
/* The oldest one that is open, or NULL. */
cf_api_command *cf_api_replies_first(const cf_api_replies *replies);

/* What stands between two replies. */
void cf_api_replies_separate(cf_buffer *text);
/* A command that is about to be carried out. NULL without memory. */
cf_api_command *cf_api_replies_begin(cf_api_replies *replies, void *call, cf_bytes uid, cf_method method);
/* It was not carried out: it is malformed, or its time has not come. */
void cf_api_replies_forget(cf_api_replies *replies, cf_api_command *command);
/* It was carried out. Where it is not answered yet, so much more is under way. */
void cf_api_replies_keep(cf_api_replies *replies, cf_api_command *command, size_t weight);
/* Where its reply has to be written. */
cf_buffer *cf_api_replies_place(cf_api_replies *replies, cf_api_command *command);
/* The reply is written. */
void cf_api_replies_done(cf_api_replies *replies, cf_api_command *command);

#endif
