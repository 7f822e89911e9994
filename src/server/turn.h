/*
 * The share-out of a turn: how much work is done before everybody is served
 * again, and who goes on in the next turn.
 *
 * Work is counted, not timed, so that a test can say what a turn does. A unit
 * is about a quarter of a microsecond on the machine of docs/performance.md: the price of
 * one delivery. Whoever reads input, or goes on with what had to wait, has a
 * share. When it is spent he stops between two commands and waits as a task;
 * tasks go on in the order of their coming, each with a share of its own, as
 * long as the turn's work lasts.
 *
 * A piece of work that nothing divides (an answer with 100,000 channels) may cost
 * more than a turn has. The rest is a debt: until the tasks of the following turns have
 * left out as much, no other such piece begins, so that between two of them
 * everybody is read and answered.
 */
#ifndef CF_SERVER_TURN_H
#define CF_SERVER_TURN_H

#include "server/wheel.h"

/* Units. */
#define CF_WORK_DELIVERY  1    /* a reference to a chunk in an outbox */
#define CF_WORK_COMMAND   4    /* besides what it delivers */
#define CF_WORK_ENTRY     1    /* of a presence, a history or a list of channels in an answer, besides its bytes */
#define CF_WORK_REQUEST   80   /* of the HTTP API, besides its commands: the sign, the answer's write */
#define CF_WORK_READ      16   /* a system call that reads, besides what comes of it */
#define CF_WORK_WRITE     64   /* a system call that writes, besides its bytes */
#define CF_WORK_UNIT_SIZE 1024 /* bytes that are copied for a unit */

typedef struct cf_turn_limits {
    uint64_t input;  /* that ends a turn: what it leads to is written while the processor still has it in its cache */
    uint64_t work;   /* of all tasks in a turn */
    uint64_t share;  /* of one reader, or one task */
    uint64_t writes; /* of all sessions that get answers; what is over is written in the next turn */
    uint64_t pushes; /* besides, of those that get pushes alone: while these wait, more gathers for each of their writes */
} cf_turn_limits;

#define CF_TURN_LIMITS ((cf_turn_limits){.input = 8192, .work = 32768, .share = 16384, .writes = 12288, .pushes = 4096})

/* Somebody who goes on later. Zeroed: in no list. */
typedef struct cf_task {
    cf_list link;
    cf_timer timer; /* while it is held up: when it goes on at the latest */
    bool overdue;   /* it goes on because of that */
    struct cf_turn *turn;
    void (*run)(struct cf_task *task);
    void (*drop)(struct cf_task *task); /* the node is freed: nobody calls `run` any more */
} cf_task;

typedef struct cf_turn {
    cf_turn_limits limits;
    cf_wheel *wheel;
    uint64_t work;
    uint64_t share_end; /* of `work` */
    uint64_t writes;
    uint64_t debt; /* of earlier turns */
    cf_list ready; /* tasks */
    cf_list mark;  /* in `ready` while they run: who stands behind it has had its share */
} cf_turn;

void cf_turn_init(cf_turn *turn, cf_wheel *wheel);
void cf_turn_begin(cf_turn *turn);
/* Somebody else's input comes, or a task goes on. */
void cf_turn_begin_share(cf_turn *turn);

static inline void cf_turn_spend(cf_turn *turn, uint64_t work)
{
    turn->work += work;
}

static inline bool cf_turn_share_is_spent(const cf_turn *turn)
{
    return turn->work >= turn->share_end;
}

static inline bool cf_turn_input_is_spent(const cf_turn *turn)
{
    return turn->work >= turn->limits.input;
}

static inline bool cf_turn_is_spent(const cf_turn *turn)
{
    return turn->work >= turn->limits.work;
}

/* Only who cannot say beforehand what he costs has to ask. */
static inline bool cf_turn_is_in_debt(const cf_turn *turn)
{
    return turn->debt > 0;
}

void cf_task_init(cf_task *task, cf_turn *turn, void (*run)(cf_task *task), void (*drop)(cf_task *task));
/* It goes on when its time has come. */
void cf_task_queue(cf_task *task);
/* It stands in the list until cf_task_queue, but no longer than to the deadline. */
void cf_task_hold(cf_task *task, cf_list *list, cf_time deadline);
void cf_task_cancel(cf_task *task);

static inline bool cf_task_waits(const cf_task *task)
{
    return cf_list_linked(&task->link);
}

/* Queues all that stand in the list. */
void cf_turn_queue_all(cf_list *list);
/* Lets those go on that were queued before this call, unless a debt is to be paid. */
void cf_turn_run(cf_turn *turn);
void cf_turn_drop_all(cf_turn *turn);

#endif
