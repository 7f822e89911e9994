/*
 * Requests that arrive at one worker and belong to another: the connection goes there, with all that comes behind it.
 */
#include "server/daemon/worker_state.h"
#include "system/heap.h"

typedef struct move {
    cf_letter letter;
    cf_http_exchange *exchange;
    cf_parted parted;
} move;

static move *move_of(cf_letter *letter)
{
    return CF_CONTAINER(letter, move, letter);
}

static cf_listener *listener_of(cf_worker *worker, unsigned bit)
{
    size_t i = 0;
    while (i < worker->listener_count - 1 && worker->listeners[i].bit != bit)
        i++;
    return &worker->listeners[i];
}

static void drop(cf_letter *letter)
{
    move *dropped = move_of(letter);
    cf_http_exchange_drop(dropped->exchange, &dropped->parted);
    cf_free(&cf_heap, dropped);
}

static void arrive(cf_letter *letter, void *reader)
{
    const cf_team_member *member = reader;
    move arrived = *move_of(letter);
    cf_worker *worker = member->services->environment.user; /* worker.c says so */
    cf_listener *listener = listener_of(worker, cf_http_exchange_port(arrived.exchange));
    cf_free(&cf_heap, move_of(letter));
    cf_http_exchange_join(arrived.exchange, &arrived.parted, &worker->http, &listener->bodies);
}

/* Only without memory, or where nobody gets it. */
static void refuse(cf_http_exchange *exchange)
{
    cf_http_response busy = cf_http_plain(503);
    cf_http_exchange_respond(exchange, &busy);
}

/* Where the worker is alone, all is at home here. */
bool cf_worker_is_elsewhere(const cf_worker *worker, cf_bytes name)
{
    const cf_team_member *here = worker->host.member;
    return here != NULL && name.size > 0 && cf_team_home(here->team, name) != here;
}

static bool send_away(const cf_worker *worker, cf_http_exchange *exchange, move *letter, cf_team_member *home)
{
    *letter = (move){.letter = {.open = arrive, .drop = drop}};
    letter->exchange = cf_http_exchange_part(exchange, &letter->parted);
    if (letter->exchange == NULL)
        return false;
    cf_team_post(worker->host.member, home, &letter->letter);
    return true;
}

void cf_worker_move_request(cf_worker *worker, cf_http_exchange *exchange, cf_bytes name)
{
    cf_team_member *home = cf_team_home(worker->host.member->team, name);
    if (cf_http_exchange_postpone(exchange))
        return;
    move *letter = cf_alloc(&cf_heap, sizeof(*letter));
    if (letter != NULL && send_away(worker, exchange, letter, home))
        return;
    cf_free(&cf_heap, letter);
    refuse(exchange);
}
