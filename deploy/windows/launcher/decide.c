/* decide.c - which version runs, when one is committed, returned or waited for. */
#include "decide.h"

#include <string.h>

enum { MOST_DOUBLINGS = 4, HELD_ENDS = 8 };
#define REPAIR_WAIT_MS 300000LL

static int is_usable(const Slots *slots, const char *version)
{
    int i;
    for (i = 0; *version && i < slots->count; i++)
        if (!strcmp(slots->names[i], version)) return 1;
    return 0;
}

static void tell(Decider *d, What what, const char *from, const char *to, const char *reason)
{
    Told *told = &d->tell[d->told < MOST_TOLD ? d->told++ : MOST_TOLD - 1];
    told->what = what;
    strcpy(told->from, from);
    strcpy(told->to, to);
    strcpy(told->reason, reason);
}

static void end_trial(Decider *d)
{
    d->state.pending[0] = 0;
    d->state.attempts = d->extensions = d->is_warned = d->on_trial = 0;
    d->changed = 1;
}

static void fail(Decider *d, const char *version, const char *reason, long long now_s)
{
    ban(&d->state, version, now_s);
    strcpy(d->state.failed, version);
    strcpy(d->state.reason, reason);
    d->changed = 1;
}

static void roll_back(Decider *d, const char *reason, long long now_s)
{
    tell(d, ROLLED_BACK, d->state.pending, d->state.current, reason);
    fail(d, d->state.pending, reason, now_s);
    end_trial(d);
}

static void give_attempt_back(Decider *d)
{
    if (d->state.attempts > 0) d->state.attempts--;
    d->changed = 1;
}

/* ---------------------------------------------------------------- what to run */

static int is_allowed(const Decider *d, const char *name, long long now_s)
{
    return !is_banned(&d->state, name, now_s) && strcmp(name, d->state.failed);
}

static const char *newest(const Decider *d, const Slots *slots, int with_banned, long long now_s)
{
    const char *found = "";
    int i;
    for (i = 0; i < slots->count; i++) {
        const char *name = slots->names[i];
        if (!with_banned && !is_allowed(d, name, now_s)) continue;
        if (!*found || compare_versions(name, found) > 0) found = name;
    }
    return found;
}

static void run_committed(Decider *d, const char *version)
{
    d->on_trial = 0;
    strcpy(d->version, version);
}

static void repair(Decider *d, const char *version)
{
    State *s = &d->state;
    tell(d, REPAIRED, s->current, version, "missing");
    strcpy(s->current, version);
    s->previous[0] = 0;
    d->crashes = 0;
    d->changed = 1;
}

/* The trial that is due, unless it cannot be. */
static int begin_trial(Decider *d, const Slots *slots, const Limits *limits, long long now_s)
{
    State *s = &d->state;
    const char *fault = !is_usable(slots, s->pending)                 ? "missing"
                        : is_banned(s, s->pending, now_s)             ? "banned"
                        : s->attempts >= limits->max_attempts         ? "attempts"
                                                                      : NULL;
    if (fault) {
        roll_back(d, fault, now_s);
        return 0;
    }
    s->attempts++;
    d->is_held = 0;
    d->on_trial = d->changed = 1;
    strcpy(d->version, s->pending);
    return 1;
}

/* The version that is known to work is not there any more, or nothing is known: the newest allowed one is put on trial,
 * without one to return to; when it fails, the next one is. Where none is allowed, any is better than no agent. */
static int start_over(Decider *d, const Slots *slots, long long now_s)
{
    State *s = &d->state;
    const char *found = newest(d, slots, 0, now_s);
    if (!*found) return 0;
    tell(d, REPAIRED, s->current, found, "lost");
    s->current[0] = s->previous[0] = 0;
    strcpy(s->pending, found);
    s->attempts = 0;
    return 1;
}

void begin(Decider *d, const Slots *slots, const Limits *limits, long long now_s)
{
    State *s = &d->state;
    const char *last;
    for (;;) { /* each turn ends, or bans a version */
        if (*s->pending && begin_trial(d, slots, limits, now_s)) return;
        if (is_usable(slots, s->current)) break;
        if (is_usable(slots, s->previous) && is_allowed(d, s->previous, now_s)) {
            char previous[NAME_CHARS];
            strcpy(previous, s->previous);
            repair(d, previous);
            break;
        }
        if (start_over(d, slots, now_s)) continue;
        last = newest(d, slots, 1, now_s);
        if (*last) repair(d, last);
        run_committed(d, last);
        return;
    }
    run_committed(d, s->current);
}

void give_up_trial(Decider *d, const Slots *slots, long long now_s)
{
    const State *s = &d->state;
    const char *found = is_usable(slots, s->current) ? s->current : is_usable(slots, s->previous) ? s->previous : "";
    d->is_held = 1;
    if (!*found) found = newest(d, slots, 0, now_s);
    run_committed(d, *found ? found : newest(d, slots, 1, now_s));
}

const char *judge(const Decider *d, const Slots *slots, long long now_s)
{
    int i, others = 0, wanted;
    if (is_usable(slots, d->state.current)) return d->state.current;
    for (i = 0; i < slots->count; i++) others += strcmp(slots->names[i], d->version) && is_allowed(d, slots->names[i], now_s);
    wanted = others ? d->extensions % others : 0;
    for (i = 0; i < slots->count; i++) {
        if (!strcmp(slots->names[i], d->version) || !is_allowed(d, slots->names[i], now_s)) continue;
        if (!wanted--) return slots->names[i];
    }
    return "";
}

/* ---------------------------------------------------------------- while it runs */

void started(Decider *d, const Limits *limits, long long now_ms)
{
    int doublings = d->extensions < MOST_DOUBLINGS ? d->extensions : MOST_DOUBLINGS;
    d->started_ms = d->beat_ms = now_ms;
    d->trial_ends_ms = now_ms + (limits->probation_ms << doublings);
}

void beat(Decider *d, long long now_ms) { d->beat_ms = now_ms; }

Verdict verdict(const Decider *d, const Limits *limits, long long now_ms)
{
    if (now_ms - d->beat_ms >= limits->silence_ms) return IS_SILENT;
    return d->on_trial && now_ms >= d->trial_ends_ms ? IS_UNHEALTHY : GO_ON;
}

long long next_verdict_ms(const Decider *d, const Limits *limits, long long now_ms)
{
    long long at = d->beat_ms + limits->silence_ms;
    if (d->on_trial && d->trial_ends_ms < at) at = d->trial_ends_ms;
    return at > now_ms ? at - now_ms : 0;
}

void healthy(Decider *d)
{
    State *s = &d->state;
    if (!d->on_trial) return;
    tell(d, COMMITTED, s->current, s->pending, "");
    if (strcmp(s->current, s->pending)) strcpy(s->previous, s->current);
    strcpy(s->current, s->pending);
    s->failed[0] = s->reason[0] = 0;
    d->crashes = 0;
    end_trial(d);
}

/* ---------------------------------------------------------------- when it has ended */

static long long pause_ms(const Limits *limits, int ends)
{
    if (limits->backoff_ms > 0) return limits->backoff_ms;
    return ends < 2 ? 1000 : ends < 4 ? 5000 : ends < 8 ? 30000 : 60000;
}

/* Committed, then a crash loop: back to the version before; where it is gone, begin starts over without this one. */
static int roll_back_late(Decider *d, const Slots *slots, const Limits *limits, long long now_s)
{
    State *s = &d->state;
    const char *to = s->previous;
    char from[NAME_CHARS];
    if (d->crashes < limits->late_crashes) return 0;
    strcpy(from, s->current);
    if (!strcmp(to, from) || !is_usable(slots, to) || is_banned(s, to, now_s)) to = "";
    if (!*to) {
        int i, others = 0;
        for (i = 0; i < slots->count; i++) others += strcmp(slots->names[i], from) && is_allowed(d, slots->names[i], now_s);
        if (!others) return 0;
    }
    tell(d, ROLLED_BACK_LATE, from, to, "crashloop");
    fail(d, from, "crashloop", now_s);
    memmove(s->current, to, strlen(to) + 1);
    s->previous[0] = 0;
    d->crashes = 0;
    return 1;
}

Next ended(Decider *d, const Slots *slots, const Limits *limits, End end, int exit_code, long long now_ms,
           long long now_s, long long *wait_ms)
{
    *wait_ms = 0;
    if (end == STOPPED) { /* an ordered stop is not the version's fault */
        if (d->on_trial) give_attempt_back(d);
        return STOP;
    }
    if (end == UNHEALTHY) return PROBE;
    if (d->on_trial) {
        *wait_ms = pause_ms(limits, d->state.attempts);
        return AGAIN;
    }
    if (end == EXITED && exit_code == EXIT_RESTART && *d->state.pending) {
        if (d->is_held) *wait_ms = pause_ms(limits, HELD_ENDS); /* it would ask again at once, for ever */
        return AGAIN;
    }
    if (end == EXITED && exit_code == EXIT_REPAIR) { /* the configuration's fault: no other version would do better */
        *wait_ms = limits->backoff_ms > 0 ? limits->backoff_ms : REPAIR_WAIT_MS;
        return AGAIN;
    }
    d->crashes = now_ms - d->started_ms >= limits->stable_ms ? 1 : d->crashes + 1;
    if (!roll_back_late(d, slots, limits, now_s)) *wait_ms = pause_ms(limits, d->crashes);
    return AGAIN;
}

void probed(Decider *d, int is_answered, long long now_s)
{
    if (!d->on_trial) return;
    if (is_answered && d->is_warned) {
        roll_back(d, "unhealthy", now_s);
        return;
    }
    give_attempt_back(d); /* it ran for the whole period: nothing can be said against it */
    /* The network may have come back a moment ago, while the agent waited before it tried again: it gets one period
     * that begins with a server known to answer. */
    d->is_warned = is_answered;
    d->extensions = is_answered ? 0 : d->extensions + 1;
    tell(d, is_answered ? WARNED : EXTENDED, d->state.pending, d->state.current, "");
}
