/*
 * An operator's password becomes a token (server-spec.md 9.2). Wrong ones are counted for each address, so that nobody finds
 * it by trying.
 */
#ifndef CF_SERVER_ADMIN_LOGIN_H
#define CF_SERVER_ADMIN_LOGIN_H

#include "server/services.h"

#define CF_LOGIN_TRIES     20   /* wrong passwords of an address, one after the other */
#define CF_LOGIN_PAUSE     6000 /* ms in which it gets one more */
#define CF_LOGIN_ADDRESSES 64   /* that are remembered; while all of them have none left, others have none either */
#define CF_LOGIN_ADDRESS   64   /* bytes of one, with its NUL */

typedef struct cf_login_address {
    char text[CF_LOGIN_ADDRESS];
    cf_time free_at; /* when all its tries are there again; 0: it is none */
} cf_login_address;

/* Zeroed at the start. */
typedef struct cf_logins {
    cf_login_address addresses[CF_LOGIN_ADDRESSES];
} cf_logins;

/*
 * 200, with a body that has the token; 400: the password is wrong, or there is none to be right; 429: too many were wrong, and
 * this one was not looked at; 500: no memory.
 */
int cf_login(cf_logins *logins, cf_services *services, const char *address, cf_bytes password, cf_buffer *body);

#endif
