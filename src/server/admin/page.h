/*
 * The page for operators: files that are part of the program.
 */
#ifndef CF_SERVER_ADMIN_PAGE_H
#define CF_SERVER_ADMIN_PAGE_H

#include "server/net/exchange.h"

typedef struct cf_page_file {
    cf_bytes name;
    cf_bytes tag; /* of its content, with quotes */
    cf_bytes content;
} cf_page_file;

/* Made of page/ by embed.cmake. */
extern const cf_page_file cf_page_files[];
extern const size_t cf_page_file_count;

/* `below`: the path behind the page's own. */
void cf_page_answer(cf_http_exchange *exchange, const cf_http_request *request, cf_bytes below);

/* ---- for the files of a folder, too ---- */

/* Nothing but what comes from here is run, loaded or asked by a page, and no other one frames it. */
#define CF_PAGE_HEADERS                                                                                                        \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "   \
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"                                                          \
    "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n"                             \
    "Cross-Origin-Opener-Policy: same-origin\r\n"

/* By the end of the name. */
cf_bytes cf_page_type_of(cf_bytes name);
/* Redirects to `place`, relative and encoded, and `end`. */
void cf_page_redirect(cf_http_exchange *exchange, cf_bytes place, cf_bytes end);

#endif
