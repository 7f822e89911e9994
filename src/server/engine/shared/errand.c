#include "server/engine/shared/state.h"

static void free_errand(cf_errand *errand)
{
    if (errand->answer_allocator != NULL) {
        cf_free(errand->answer_allocator, errand->infos);
        cf_free(errand->answer_allocator, errand->publications);
    }
    cf_buffer_free(&errand->names);
    cf_free(errand->allocator, errand);
}

/* ---- the way there and back ---------------------------------------------- */

static void finish(cf_errand *errand, cf_shared *asker)
{
    asker->waiting -= errand->size;
    if (errand->kind->finish != NULL)
        errand->kind->finish(errand);
    free_errand(errand);
}

static void arrive(cf_letter *letter, void *reader)
{
    cf_errand *errand = CF_CONTAINER(letter, cf_errand, letter);
    cf_team_member *here = reader;
    if (errand->returns)
        finish(errand, cf_shared_of(here->engine));
    else
        errand->kind->carry_out(errand, cf_shared_of(here->engine));
}

static void drop_errand(cf_letter *letter)
{
    free_errand(CF_CONTAINER(letter, cf_errand, letter));
}

/* `here`: the worker whose turn it is; NULL: any, and it comes back by its letter in any case. */
static void let_go(cf_errand *errand, cf_shared *here)
{
    if (atomic_fetch_sub_explicit(&errand->holders, 1, memory_order_acq_rel) > 1)
        return;
    errand->returns = true;
    if (here != NULL && here->member == errand->asker)
        finish(errand, here);
    else
        cf_team_post(here == NULL ? NULL : here->member, errand->asker, &errand->letter);
}

void cf_errand_send(cf_shared *from, cf_errand *errand, cf_team_member *to)
{
    cf_team_post(from->member, to, &errand->letter);
}

void cf_errand_done(cf_errand *errand, cf_engine_status status)
{
    errand->status = status;
    cf_list_remove(&errand->link);
    let_go(errand, errand->home);
}

void cf_errand_on_done(void *user, cf_engine_status status)
{
    cf_errand_done(user, status);
}

void cf_errand_give_up_all(cf_shared *home)
{
    cf_list *link;
    while ((link = cf_list_take(&home->under_way)) != NULL) {
        cf_errand *errand = CF_CONTAINER(link, cf_errand, link);
        errand->status = CF_ENGINE_UNAVAILABLE;
        let_go(errand, NULL);
    }
}

/* ---- deliveries ---------------------------------------------------------- */

/* Who was behind has caught up, or is waited for no longer. */
static void caught_up(void *user)
{
    let_go(user, NULL);
}

static bool hold(cf_errand *errand, const cf_engine_sink *sink)
{
    return errand->kind->holds && sink->hold(sink->user, errand->channel, caught_up, errand);
}

static void arrive_delivery(cf_letter *letter, void *reader)
{
    cf_errand *errand = CF_CONTAINER(letter, cf_delivery, letter)->errand;
    const cf_team_member *member = reader;
    cf_shared *here = cf_shared_of(member->engine);
    errand->kind->deliver(errand, &here->sink);
    if (!hold(errand, &here->sink))
        let_go(errand, here);
}

static void drop_delivery(cf_letter *letter)
{
    let_go(CF_CONTAINER(letter, cf_delivery, letter)->errand, NULL);
}

void cf_errand_deliver_to(cf_shared *home, cf_errand *errand, cf_team_member *to)
{
    cf_delivery *delivery = &errand->deliveries[to->index];
    *delivery = (cf_delivery){.letter = {.open = arrive_delivery, .drop = drop_delivery}, .errand = errand};
    atomic_fetch_add_explicit(&errand->holders, 1, memory_order_relaxed);
    cf_team_post(home->member, to, &delivery->letter);
}

void cf_errand_hold_here(cf_errand *errand, cf_shared *home)
{
    atomic_fetch_add_explicit(&errand->holders, 1, memory_order_relaxed);
    if (!hold(errand, &home->sink))
        atomic_fetch_sub_explicit(&errand->holders, 1, memory_order_relaxed);
}

/* ---- making it ------------------------------------------------------------ */

/* Only what is published is delivered. */
static size_t size_of(const cf_shared *asker, const cf_errand_kind *kind)
{
    return sizeof(cf_errand) + (kind->deliver != NULL ? asker->member->team->count * sizeof(cf_delivery) : 0);
}

cf_errand *cf_errand_new(cf_shared *asker, const cf_errand_kind *kind, size_t size, char **texts, cf_engine_status *why)
{
    size_t head = size_of(asker, kind);
    *why = asker->waiting > CF_SHARED_WAITING_MAX ? CF_ENGINE_UNAVAILABLE : CF_ENGINE_NO_MEMORY;
    cf_errand *errand = *why == CF_ENGINE_UNAVAILABLE ? NULL : cf_alloc(asker->allocator, head + size);
    if (errand == NULL)
        return NULL;
    *errand = (cf_errand){
        .letter = {.open = arrive, .drop = drop_errand},
        .kind = kind,
        .allocator = asker->allocator,
        .asker = asker->member,
        .at = asker->member->index,
        .size = head + size,
    };
    atomic_init(&errand->holders, 1);
    cf_buffer_init(&errand->names, asker->allocator, CF_BUFFER_NO_LIMIT);
    asker->waiting += errand->size;
    *texts = (char *)errand + head;
    return errand;
}
