#include "server/daemon/monitor.h"

void cf_monitor_lag(cf_monitor *monitor, cf_time late)
{
    monitor->lag = late > monitor->lag ? late : monitor->lag;
}

static void on_answer(void *user, cf_engine_status status, const cf_publication *publications, size_t count, bool found)
{
    cf_monitor *monitor = user;
    (void)publications;
    (void)count;
    (void)found;
    monitor->asking = false;
    monitor->failed = status == CF_ENGINE_UNAVAILABLE;
}

static void ask_engine(cf_monitor *monitor, cf_time now)
{
    if (monitor->asking)
        return;
    monitor->asking = true;
    monitor->asked_at = now;
    cf_broker_probe(monitor->broker, on_answer, monitor);
}

void cf_monitor_take(cf_monitor *monitor, cf_time now, int64_t interval)
{
    if (now < monitor->due)
        return;
    monitor->due = cf_time_after(now, interval);
    monitor->lag_of_last = monitor->lag;
    monitor->lag = 0;
    ask_engine(monitor, now);
}

cf_health cf_monitor_health(const cf_monitor *monitor, cf_time now)
{
    bool is_silent = monitor->asking && now - monitor->asked_at > CF_MONITOR_PATIENCE;
    cf_time lag = monitor->lag > monitor->lag_of_last ? monitor->lag : monitor->lag_of_last;
    bool answers = cf_broker_is_healthy(monitor->broker) && !monitor->failed && !is_silent;
    return (cf_health){.engine_answers = answers, .loop_lag = lag};
}
