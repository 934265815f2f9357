/* decide.h - every decision of the launcher, without a word of Windows: a test drives this very code on Linux.
 *
 * One life of the agent:  begin -> (save) -> start -> started -> beat, healthy, verdict -> ended -> (probed) -> begin
 */
#ifndef CANOPEE_DECIDE_H
#define CANOPEE_DECIDE_H
#include "state.h"

enum { MOST_SLOTS = 64, MOST_TOLD = 4 };
enum { EXIT_RESTART = 75, EXIT_REPAIR = 78 }; /* "a version is staged"; "somebody must repair my configuration" */

typedef struct {
    int max_attempts, late_crashes;
    long long probation_ms, silence_ms, stable_ms, stop_ms, probe_ms;
    long long backoff_ms; /* above 0: instead of the usual pauses, for tests */
} Limits;

typedef struct { /* the slots whose agent.exe is there */
    int count;
    char names[MOST_SLOTS][NAME_CHARS];
} Slots;

typedef enum { COMMITTED = 1, ROLLED_BACK, ROLLED_BACK_LATE, REPAIRED, EXTENDED, WARNED } What;
typedef struct { /* something for the logs */
    What what;
    char from[NAME_CHARS], to[NAME_CHARS], reason[REASON_CHARS];
} Told;

typedef struct {
    State state;
    char version[NAME_CHARS]; /* the one to run, or that runs; empty: there is none */
    int on_trial;             /* it is the pending one */
    int is_held;              /* a trial is due, and cannot be counted on disk */
    int changed;              /* state is to be saved before anything else is done */
    int crashes;              /* ends of the committed version, one after the other */
    int extensions;           /* periods of probation that nobody could judge, one after the other */
    int is_warned;            /* the server answered another version at the end of the last period */
    long long started_ms, beat_ms, trial_ends_ms;
    int told;
    Told tell[MOST_TOLD];
} Decider;

typedef enum { STOPPED, EXITED, UNHEALTHY, SILENT } End;
typedef enum { GO_ON, IS_UNHEALTHY, IS_SILENT } Verdict;
typedef enum { STOP, AGAIN, PROBE } Next;

/* Chooses d->version. The attempt is counted in d->state: it must be saved BEFORE the start, a power cut counts too. */
void begin(Decider *d, const Slots *slots, const Limits *limits, long long now_s);
/* The state cannot be saved: nothing is tried, what is known to work runs. */
void give_up_trial(Decider *d, const Slots *slots, long long now_s);

/* Times in milliseconds of a clock that does not run while the PC sleeps. */
void started(Decider *d, const Limits *limits, long long now_ms);
void beat(Decider *d, long long now_ms);
Verdict verdict(const Decider *d, const Limits *limits, long long now_ms);
long long next_verdict_ms(const Decider *d, const Limits *limits, long long now_ms); /* how long nothing can change */
void healthy(Decider *d); /* commits the version on trial */

/* The agent has ended, or was ended; d->state was read again unless it was on trial. *wait_ms: before begin. */
Next ended(Decider *d, const Slots *slots, const Limits *limits, End end, int exit_code, long long now_ms,
           long long now_s, long long *wait_ms);
/* Who is asked whether the server answers; empty: nobody can be. */
const char *judge(const Decider *d, const Slots *slots, long long now_s);
/* Whether the good version, asked in place of the one on trial, was answered by the server. */
void probed(Decider *d, int is_answered, long long now_s);
#endif
