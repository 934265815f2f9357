/* state.h - which version runs: the content of state\state.ini, without a word of Windows. */
#ifndef CANOPEE_STATE_H
#define CANOPEE_STATE_H
#include <stddef.h>

enum { NAME_CHARS = 41, REASON_CHARS = 24, MOST_BANS = 8, STATE_BYTES = 1024 };
#define BAN_S (7 * 86400LL) /* a version that was returned is not tried again for so long */

typedef struct {
    char version[NAME_CHARS];
    long long since; /* when it was returned, in seconds since 1970 */
} Ban;

typedef struct {
    char current[NAME_CHARS], previous[NAME_CHARS], pending[NAME_CHARS];
    int attempts; /* starts of pending so far */
    char failed[NAME_CHARS], reason[REASON_CHARS];
    int bans;
    Ban banned[MOST_BANS];
} State;

/* Digits, letters, '.' and '-', a digit first: no path, no device, nothing that Windows trims. */
int is_version(const char *name);
/* Below 0 when a is older, above 0 when it is newer; numbers count as numbers. */
int compare_versions(const char *a, const char *b);

/* TRUE when text is a whole and sound state.ini; *out is then what it says. */
int parse_state(const char *text, size_t size, State *out);
/* The bytes of state.ini, at most STATE_BYTES; their number, 0 when there is no room. */
size_t format_state(const State *state, char *out, size_t room);

/* By a clock that may have been wrong then, or be now. */
int is_banned(const State *state, const char *version, long long now_s);
void ban(State *state, const char *version, long long now_s);
#endif
