/*
 * Letters from any thread to one reader, without locks: how the workers of a process tell each other something
 * (docs/internals.md). What a letter is about stands around it; whoever has it owns it, so it needs no lock either.
 *
 * The letters of one sender are opened in the order of posting.
 */
#ifndef CF_SERVER_MAILBOX_H
#define CF_SERVER_MAILBOX_H

#include "base/bytes.h"

#include <stdatomic.h>

typedef struct cf_letter {
    struct cf_letter *next;
    /* In the reader's thread, within a turn of his. The letter is his from now on. */
    void (*open)(struct cf_letter *letter, void *reader);
    /* Nobody will open it: its memory goes. May post others. */
    void (*drop)(struct cf_letter *letter);
} cf_letter;

typedef struct cf_mailbox {
    _Atomic(cf_letter *) posted; /* the newest first */
    atomic_bool sleeps;          /* the reader waits, or is about to */
    cf_letter *taken;            /* the reader's: the oldest first */
    void *reader;
    void (*wake)(void *user); /* called in the sender's thread; NULL: nobody is woken */
    void *user;
} cf_mailbox;

/* The reader sleeps. */
void cf_mailbox_init(cf_mailbox *mailbox, void *reader);
/* Before there are other threads: how the reader is woken. */
void cf_mailbox_on_post(cf_mailbox *mailbox, void (*wake)(void *user), void *user);
/* Nobody is woken by that alone: */
void cf_mailbox_post(cf_mailbox *mailbox, cf_letter *letter);
/* who has posted, some or many, wakes the reader if it sleeps. */
void cf_mailbox_wake(cf_mailbox *mailbox);
/* The reader opens the oldest one; false: there was none. */
bool cf_mailbox_open_next(cf_mailbox *mailbox);
bool cf_mailbox_is_empty(const cf_mailbox *mailbox);
/* The reader is about to wait: who posts from now on has to wake it. False: a letter lies there, and it may not. */
bool cf_mailbox_sleep(cf_mailbox *mailbox);
/* It is awake, whatever has woken it, and looks for letters before it sleeps again. */
void cf_mailbox_rise(cf_mailbox *mailbox);
/* Of a reader who is gone; false: there was none. */
bool cf_mailbox_drop_all(cf_mailbox *mailbox);

#endif
