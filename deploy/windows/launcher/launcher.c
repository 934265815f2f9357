/* launcher.c - the Windows service of the agent. It rarely changes, and takes every decision about versions.
 *
 * It runs slots\<version>\agent.exe in a job that dies with it. A pending version runs on trial: committed once the
 * server has accepted its check-in, returned otherwise. Decisions (decide.c) come from state\state.ini at each start,
 * so that a power cut at any point leaves an agent that starts. It imports ADVAPI32, KERNEL32 and msvcrt only.
 *
 * With the agent: inherited events (CANOPEE_STOP_HANDLE, CANOPEE_HEALTHY_HANDLE, CANOPEE_ALIVE_HANDLE),
 * CANOPEE_PROBATION=0|1, and exit codes 75 "a version is staged, start it now" and 78 "repair my configuration".
 *
 * By hand: launcher.exe --console, launcher.exe --version
 */
#include "launcher.h"

#include <stdio.h>
#include <wchar.h>

#include "version.h"

WCHAR program[PATH_CHARS];
HANDLE stop_event;
BOOL console_mode;
static SERVICE_STATUS_HANDLE status_handle;

void program_path(WCHAR *out, const WCHAR *format, ...)
{
    va_list arguments;
    int n = _snwprintf(out, PATH_CHARS, L"%ls\\", program);
    va_start(arguments, format);
    _vsnwprintf(out + n, PATH_CHARS - n, format, arguments);
    va_end(arguments);
    out[PATH_CHARS - 1] = 0;
}

BOOL stop_within(long long ms) { return WaitForSingleObject(stop_event, (DWORD)ms) == WAIT_OBJECT_0; }

long long now_ms(void)
{
    ULONGLONG ticks; /* of 100 ns, without the time asleep: a PC that wakes up has not been silent */
    QueryUnbiasedInterruptTime(&ticks);
    return (long long)(ticks / 10000);
}

long long now_s(void)
{
    FILETIME time;
    GetSystemTimeAsFileTime(&time);
    return (long long)(((unsigned long long)time.dwHighDateTime << 32 | time.dwLowDateTime) / 10000000) - 11644473600LL;
}

/* ---------------------------------------------------------------- service control manager */

void report(DWORD state, DWORD hint_ms)
{
    static DWORD checkpoint;
    SERVICE_STATUS status = {0};
    BOOL is_settled = state == SERVICE_RUNNING || state == SERVICE_STOPPED;
    if (console_mode) return;
    status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    status.dwCurrentState = state;
    status.dwWaitHint = hint_ms;
    status.dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_PRESHUTDOWN : 0;
    status.dwCheckPoint = is_settled ? 0 : ++checkpoint;
    SetServiceStatus(status_handle, &status);
}

static DWORD WINAPI on_control(DWORD control, DWORD type, LPVOID data, LPVOID context)
{
    (void)type, (void)data, (void)context;
    switch (control) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_PRESHUTDOWN: /* not SHUTDOWN: it comes late, and leaves a few seconds */
        report(SERVICE_STOP_PENDING, 30000);
        SetEvent(stop_event);
        return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE:
        return NO_ERROR;
    default:
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
}

static BOOL WINAPI on_console(DWORD event)
{
    (void)event;
    return SetEvent(stop_event);
}

static void set_up(void)
{
    WCHAR folder[PATH_CHARS], *last;
    GetModuleFileNameW(NULL, program, PATH_CHARS);
    if ((last = wcsrchr(program, '\\'))) *last = 0;
    program_path(folder, L"logs");
    CreateDirectoryW(folder, NULL);
    program_path(folder, L"state");
    CreateDirectoryW(folder, NULL);
    stop_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
}

static void WINAPI service_main(DWORD argc, LPWSTR *argv)
{
    (void)argc, (void)argv;
    status_handle = RegisterServiceCtrlHandlerExW(SERVICE, on_control, NULL);
    report(SERVICE_START_PENDING, 10000);
    log_event(EVENTLOG_INFORMATION_TYPE, EVT_STARTED, LAUNCHER_VERSION, "", "");
    supervise();
    report(SERVICE_STOPPED, 0);
}

int wmain(int argc, WCHAR **argv)
{
    SERVICE_TABLE_ENTRYW table[] = {{(LPWSTR)SERVICE, service_main}, {NULL, NULL}};
    SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (argc > 1 && !wcscmp(argv[1], L"--version")) {
        puts(LAUNCHER_VERSION);
        return 0;
    }
    set_up();
    if (argc > 1 && !wcscmp(argv[1], L"--console")) {
        console_mode = TRUE;
        SetConsoleCtrlHandler(on_console, TRUE);
        supervise();
        return 0;
    }
    if (StartServiceCtrlDispatcherW(table)) return 0;
    fprintf(stderr, "launcher: this is the CanopeeAgent service (error %lu); --console runs it by hand\n",
            GetLastError());
    return 2;
}
