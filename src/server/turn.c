#include "server/turn.h"

void cf_turn_init(cf_turn *turn, cf_wheel *wheel)
{
    *turn = (cf_turn){.limits = CF_TURN_LIMITS, .wheel = wheel};
    cf_list_init(&turn->ready);
    cf_turn_begin(turn);
}

static uint64_t excess(uint64_t work, uint64_t limit)
{
    return work > limit ? work - limit : 0;
}

void cf_turn_begin(cf_turn *turn)
{
    turn->debt += excess(turn->work, turn->limits.work + turn->limits.share);
    turn->work = 0;
    turn->writes = 0;
    cf_turn_begin_share(turn);
}

void cf_turn_begin_share(cf_turn *turn)
{
    turn->share_end = turn->work + turn->limits.share;
}

static cf_task *task_of(cf_list *link)
{
    return CF_CONTAINER(link, cf_task, link);
}

static void on_deadline(cf_timer *timer)
{
    cf_task *task = CF_CONTAINER(timer, cf_task, timer);
    cf_task_queue(task);
    task->overdue = true;
}

void cf_task_init(cf_task *task, cf_turn *turn, void (*run)(cf_task *task), void (*drop)(cf_task *task))
{
    *task = (cf_task){.turn = turn, .run = run, .drop = drop};
    task->timer.fire = on_deadline;
}

void cf_task_cancel(cf_task *task)
{
    cf_list_remove(&task->link);
    if (task->turn != NULL)
        cf_wheel_stop(task->turn->wheel, &task->timer);
    task->overdue = false;
}

void cf_task_queue(cf_task *task)
{
    cf_task_cancel(task);
    cf_list_append(&task->turn->ready, &task->link);
}

void cf_task_hold(cf_task *task, cf_list *list, cf_time deadline)
{
    cf_task_cancel(task);
    cf_list_append(list, &task->link);
    cf_wheel_set(task->turn->wheel, &task->timer, deadline);
}

void cf_turn_queue_all(cf_list *list)
{
    while (!cf_list_empty(list))
        cf_task_queue(task_of(list->next));
}

void cf_turn_run(cf_turn *turn)
{
    turn->debt = excess(turn->debt, turn->limits.work);
    if (cf_turn_is_in_debt(turn))
        return;
    cf_list_append(&turn->ready, &turn->mark);
    while (turn->ready.next != &turn->mark && !cf_turn_is_spent(turn)) {
        cf_task *task = task_of(cf_list_take(&turn->ready));
        cf_turn_begin_share(turn);
        task->run(task);
    }
    cf_list_remove(&turn->mark);
}

void cf_turn_drop_all(cf_turn *turn)
{
    while (!cf_list_empty(&turn->ready)) {
        cf_task *task = task_of(turn->ready.next);
        cf_task_cancel(task);
        task->drop(task);
    }
}
