#include "server/daemon/monitor.h"

static uint64_t microseconds(const cf_services *services)
{
    return services->environment.microseconds(services->environment.user);
}

void cf_monitor_lag(cf_monitor *monitor, cf_time late)
{
    cf_metrics_record(monitor->broker->services->metrics, CF_LATENCY_LOOP, (uint64_t)late * 1000);
    monitor->lag = late > monitor->lag ? late : monitor->lag;
}

static void on_answer(void *user, cf_engine_status status, const cf_publication *publications, size_t count, bool found)
{
    cf_monitor *monitor = user;
    const cf_services *services = monitor->broker->services;
    (void)publications;
    (void)count;
    (void)found;
    cf_metrics_record(services->metrics, CF_LATENCY_ENGINE, microseconds(services) - monitor->asked_us);
    monitor->asking = false;
    monitor->failed = status == CF_ENGINE_UNAVAILABLE;
}

static void ask_engine(cf_monitor *monitor, cf_time now)
{
    if (monitor->asking)
        return;
    monitor->asking = true;
    monitor->asked_at = now;
    monitor->asked_us = microseconds(monitor->broker->services);
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
