/*
 * Behind include/centrifuge/backend.h: the object, its options once they are read, and one HTTP exchange.
 */
#ifndef CF_BACKEND_BACKEND_H
#define CF_BACKEND_BACKEND_H

#include "http/http.h"
#include "wire/v1/v1.h"

#include <centrifuge/backend.h>

#include <curl/curl.h>
#include <sys/types.h>

struct centrifuge_backend {
    const cf_allocator *allocator;
    CURL *easy;
    pid_t process;              /* whose connection `easy` has */
    CURLU *url;                 /* of the API; libcurl borrows it */
    cf_http_trust *trust;       /* NULL: libcurl reads the authorities itself */
    struct curl_slist *headers; /* of every request; the sign comes in front of them */
    char *secret;               /* NULL: requests are not signed */
    cf_buffer request;
    cf_buffer response; /* its limit is the option message_size_max */
    cf_buffer scratch;  /* decoded texts of the reply */
    cf_buffer refusal;  /* the server's error text */
    bool too_large;     /* the answer went beyond the limit */
    const char *text;   /* centrifuge_backend_error_text: static, in refusal or in problem */
    const char *advice; /* static */
    int status;
    unsigned sent;    /* times, of the last request */
    char *secrets[2]; /* that libcurl's texts may have: the proxy's user as in its address, and given beside it; or NULL */
    char problem[CURL_ERROR_SIZE];
};

/* What the application gave, as this version knows it. */
centrifuge_error cf_backend_read_options(centrifuge_backend_options *known, const centrifuge_backend_options *given,
                                         const char **what);
/* Appends the address of the API for the option `url`; INVALID_URL. */
centrifuge_error cf_backend_address(cf_bytes url, cf_buffer *address);

/* As centrifuge_backend_new, with an allocator of the caller's. */
centrifuge_error cf_backend_new(centrifuge_backend **backend, const centrifuge_backend_options *options,
                                const cf_allocator *allocator);

/* Sets up what does not change between requests. */
centrifuge_error cf_backend_http_open(centrifuge_backend *backend, const centrifuge_backend_options *options);
void cf_backend_http_close(centrifuge_backend *backend);
/* Posts backend->request; the body of a 200 answer is in backend->response then. */
centrifuge_error cf_backend_http_post(centrifuge_backend *backend);

/* Forgets what the last call left. */
void cf_backend_begin(centrifuge_backend *backend);
/* Keeps the error text, which must stay until the next call, and returns the error. */
centrifuge_error cf_backend_fail(centrifuge_backend *backend, centrifuge_error error, const char *text);

#endif
