#include "server/mailbox.h"

void cf_mailbox_init(cf_mailbox *mailbox, void *reader)
{
    *mailbox = (cf_mailbox){.reader = reader, .sleeps = true};
}

void cf_mailbox_on_post(cf_mailbox *mailbox, void (*wake)(void *user), void *user)
{
    mailbox->wake = wake;
    mailbox->user = user;
}

/*
 * The letter is not touched any more once it is posted: it may be gone. Who posts looks afterwards whether the reader sleeps,
 * and who is about to sleep looks afterwards for letters: in one order for all threads (seq_cst), so that one of the two sees
 * the other.
 */
void cf_mailbox_post(cf_mailbox *mailbox, cf_letter *letter)
{
    cf_letter *before = atomic_load_explicit(&mailbox->posted, memory_order_relaxed);
    do
        letter->next = before;
    while (
        !atomic_compare_exchange_weak_explicit(&mailbox->posted, &before, letter, memory_order_seq_cst, memory_order_relaxed));
}

void cf_mailbox_wake(cf_mailbox *mailbox)
{
    if (atomic_load(&mailbox->sleeps) && atomic_exchange(&mailbox->sleeps, false) && mailbox->wake != NULL)
        mailbox->wake(mailbox->user);
}

bool cf_mailbox_is_empty(const cf_mailbox *mailbox)
{
    return mailbox->taken == NULL && atomic_load(&mailbox->posted) == NULL;
}

bool cf_mailbox_sleep(cf_mailbox *mailbox)
{
    atomic_store(&mailbox->sleeps, true);
    bool empty = cf_mailbox_is_empty(mailbox);
    if (!empty)
        cf_mailbox_rise(mailbox);
    return empty;
}

void cf_mailbox_rise(cf_mailbox *mailbox)
{
    atomic_store_explicit(&mailbox->sleeps, false, memory_order_relaxed);
}

/* Turns their order around. */
static cf_letter *take_all(cf_mailbox *mailbox)
{
    cf_letter *newest = atomic_exchange_explicit(&mailbox->posted, NULL, memory_order_acquire);
    cf_letter *oldest = NULL;
    while (newest != NULL) {
        cf_letter *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

/* NULL: there is none. */
static cf_letter *take_next(cf_mailbox *mailbox)
{
    if (mailbox->taken == NULL)
        mailbox->taken = take_all(mailbox);
    cf_letter *letter = mailbox->taken;
    if (letter != NULL)
        mailbox->taken = letter->next;
    return letter;
}

bool cf_mailbox_open_next(cf_mailbox *mailbox)
{
    cf_letter *letter = take_next(mailbox);
    if (letter == NULL)
        return false;
    letter->open(letter, mailbox->reader);
    return true;
}

bool cf_mailbox_drop_all(cf_mailbox *mailbox)
{
    cf_letter *letter = take_next(mailbox);
    bool any = letter != NULL;
    for (; letter != NULL; letter = take_next(mailbox))
        letter->drop(letter);
    return any;
}
