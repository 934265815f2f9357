/* supervise.c - one life of the agent after the other: what decide.c decides is done here. */
#include "launcher.h"

#include <string.h>

static Decider decider;
static Limits limits;
static BOOL is_announced;

static void announce_running(void)
{
    if (!is_announced) report(SERVICE_RUNNING, 0);
    is_announced = TRUE;
}

static void tell_decisions(void)
{
    int i;
    for (i = 0; i < decider.told; i++) {
        Told *t = &decider.tell[i];
        switch (t->what) {
        case COMMITTED:
            log_line("COMMIT %s (before: %s)", t->to, t->from);
            log_event(EVENTLOG_INFORMATION_TYPE, EVT_COMMITTED, t->to, t->from, "");
            break;
        case ROLLED_BACK:
        case ROLLED_BACK_LATE:
            log_line("%sROLLBACK %s -> %s (%s)", t->what == ROLLED_BACK ? "" : "LATE ", t->from, t->to, t->reason);
            log_event(EVENTLOG_WARNING_TYPE, EVT_RETURNED, t->from, t->to, t->reason);
            break;
        case REPAIRED:
            log_line("REPAIR current '%s' is %s, using '%s'", t->from, t->reason, t->to);
            log_event(EVENTLOG_WARNING_TYPE, EVT_REPAIRED, t->from, t->to, "");
            break;
        case EXTENDED:
            log_line("EXTENDED trial of %s: the server does not answer the others either", t->from);
            break;
        case WARNED:
            log_line("WARNED %s: the server answers; it has one more period", t->from);
            break;
        }
    }
    decider.told = 0;
}

/* FALSE when what was decided is not on disk. */
static BOOL settle(void)
{
    BOOL is_saved = !decider.changed || save_state(&decider.state);
    decider.changed = 0;
    tell_decisions();
    return is_saved;
}

/* A commit that cannot be saved has not happened: it is tried again at the next verdict. */
static BOOL commit(void)
{
    Decider before = decider;
    healthy(&decider);
    if (save_state(&decider.state)) {
        decider.changed = 0;
        tell_decisions();
        return TRUE;
    }
    decider = before;
    return FALSE;
}

/* Waits for the end of the agent; commits it on the way. */
static End watch(const Child *child)
{
    HANDLE handles[4] = {stop_event, child->process, child->alive, child->healthy};
    for (;;) {
        BOOL is_retrying = decider.on_trial && WaitForSingleObject(child->healthy, 0) == WAIT_OBJECT_0 && !commit();
        DWORD count = decider.on_trial && !is_retrying ? 4 : 3;
        long long wait = next_verdict_ms(&decider, &limits, now_ms());
        if (is_retrying) wait = 5000; /* the end of the period may be past: it must not be asked for ever */
        switch (WaitForMultipleObjects(count, handles, FALSE, (DWORD)wait)) {
        case WAIT_OBJECT_0:
            return STOPPED;
        case WAIT_OBJECT_0 + 1:
            return EXITED;
        case WAIT_OBJECT_0 + 2:
            beat(&decider, now_ms());
            break;
        case WAIT_FAILED:
            log_line("wait failed: %lu", GetLastError());
            Sleep(1000);
            break;
        }
        switch (verdict(&decider, &limits, now_ms())) {
        case IS_SILENT:
            return SILENT;
        case IS_UNHEALTHY:
            if (!is_retrying) return UNHEALTHY; /* it is healthy: only the disk is not */
            break;
        case GO_ON:
            break;
        }
    }
}

/* The agent is told to end, then its whole tree is killed. */
static void stop_agent(Child *child)
{
    long long until = now_ms() + limits.stop_ms;
    BOOL has_ended = FALSE;
    SetEvent(child->stop);
    while (!has_ended && now_ms() < until) {
        has_ended = WaitForSingleObject(child->process, 500) == WAIT_OBJECT_0;
        if (stop_within(0)) report(SERVICE_STOP_PENDING, 5000);
    }
    log_line("agent %s", has_ended ? "stopped" : "KILLED at the end of its time to stop");
    kill_child(child);
}

/* TRUE when the server accepts a check-in of a version that is not on trial: then the one on trial is at fault. */
static BOOL probe(const char *version)
{
    Child child;
    DWORD code = 1;
    HANDLE handles[2];
    log_line("%s has not checked in: asking '%s'", decider.version, version);
    if (!*version || !start_probe(version, &child)) return FALSE;
    handles[0] = stop_event;
    handles[1] = child.process;
    if (WaitForMultipleObjects(2, handles, FALSE, (DWORD)limits.probe_ms) == WAIT_OBJECT_0 + 1)
        GetExitCodeProcess(child.process, &code);
    kill_child(&child);
    log_line("probe by %s: %lu", version, code);
    return code == 0;
}

static void judge_trial(Child *child)
{
    Slots slots;
    BOOL is_answered;
    stop_agent(child); /* first: two agents must not use one identity */
    list_slots(&slots);
    is_answered = probe(judge(&decider, &slots, now_s()));
    if (!is_answered && stop_within(0)) return;
    probed(&decider, is_answered, now_s());
    settle();
}

/* Chooses and starts a version; FALSE when there is none that starts. */
static BOOL start(Child *child)
{
    Slots slots;
    list_slots(&slots);
    load_state(&decider.state);
    begin(&decider, &slots, &limits, now_s());
    if (!settle() && decider.on_trial) give_up_trial(&decider, &slots, now_s());
    if (!*decider.version) {
        log_line("there is no version to run in slots");
        return FALSE;
    }
    if (!start_agent(decider.version, decider.on_trial, child)) return FALSE;
    started(&decider, &limits, now_ms());
    log_line("started %s pid %lu%s", decider.version, child->pid, decider.on_trial ? " on trial" : "");
    return TRUE;
}

/* One life of the agent. FALSE when the service has to stop. */
static BOOL run_once(void)
{
    Slots slots;
    Child child;
    DWORD code = 0;
    long long wait = 0;
    End end = EXITED;
    BOOL has_started = start(&child);
    announce_running();
    if (!*decider.version) return !stop_within(30000);
    if (has_started) {
        end = watch(&child);
        if (end == STOPPED) stop_agent(&child);
        else if (end == UNHEALTHY) judge_trial(&child);
        else {
            if (end == SILENT) log_line("%s was silent for %lld s: killed", decider.version, limits.silence_ms / 1000);
            else GetExitCodeProcess(child.process, &code);
            kill_child(&child);
        }
    } else {
        started(&decider, &limits, now_ms());
        code = (DWORD)-1;
    }
    if (end == UNHEALTHY && !stop_within(0)) return TRUE;
    if (end == UNHEALTHY) end = STOPPED;
    if (!decider.on_trial && end != STOPPED) load_state(&decider.state); /* the agent may have staged a version */
    list_slots(&slots);
    if (ended(&decider, &slots, &limits, end, (int)code, now_ms(), now_s(), &wait) == STOP) {
        settle();
        return FALSE;
    }
    log_line("agent %s ended %lu (0x%lx), start again in %lld ms", decider.version, code, code, wait);
    settle();
    return !stop_within(wait);
}

void supervise(void)
{
    load_limits(&limits);
    while (!stop_within(0) && run_once()) continue;
}
