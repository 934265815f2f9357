/* launcher.h - what the Windows files of the launcher share; launcher.c says what it does. */
#ifndef CANOPEE_LAUNCHER_H
#define CANOPEE_LAUNCHER_H
#define WIN32_LEAN_AND_MEAN
#ifndef UNICODE /* -municode defines both */
#define UNICODE
#define _UNICODE
#endif
#define _WIN32_WINNT 0x0A00
#include <windows.h>

#include "decide.h"
#include "msg.h"

#define SERVICE L"CanopeeAgent"
#define PATH_CHARS 1024

typedef struct {
    HANDLE job, process, stop, healthy, alive;
    DWORD pid;
} Child;

/* launcher.c */
extern WCHAR program[PATH_CHARS]; /* the folder of launcher.exe */
extern HANDLE stop_event;
extern BOOL console_mode;
void program_path(WCHAR *out, const WCHAR *format, ...); /* below the program's folder */
void report(DWORD state, DWORD hint_ms);
BOOL stop_within(long long ms);
long long now_ms(void); /* does not run while the PC sleeps */
long long now_s(void);  /* since 1970 */

/* supervise.c */
void supervise(void);

/* disk.c */
void load_state(State *out);
BOOL save_state(const State *state);
void list_slots(Slots *out);
void load_limits(Limits *out);
BOOL write_durably(const WCHAR *path, const char *text, size_t size);

/* child.c */
BOOL start_agent(const char *version, BOOL on_trial, Child *child);
BOOL start_probe(const char *version, Child *child);
void kill_child(Child *child);

/* log.c */
HANDLE open_log(const WCHAR *name, SECURITY_ATTRIBUTES *attributes);
void log_line(const char *format, ...);
void log_event(WORD type, DWORD id, const char *a, const char *b, const char *c);
#endif
