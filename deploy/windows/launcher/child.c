/* child.c - the agent in its job: what it starts dies with it, and it dies with the launcher. */
#include "launcher.h"

#include <stdio.h>
#include <wchar.h>

enum { NULL_INPUT, ERRORS, STOP_HANDLE, HEALTHY_HANDLE, ALIVE_HANDLE, MOST_HANDLES };

static const WCHAR *const variables[MOST_HANDLES] = {
    [STOP_HANDLE] = L"CANOPEE_STOP_HANDLE",
    [HEALTHY_HANDLE] = L"CANOPEE_HEALTHY_HANDLE",
    [ALIVE_HANDLE] = L"CANOPEE_ALIVE_HANDLE",
};

static HANDLE make_job(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION job_limits = {0};
    HANDLE job = CreateJobObjectW(NULL, NULL);
    job_limits.BasicLimitInformation.LimitFlags =
        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
    if (!job || !SetInformationJobObject(job, JobObjectExtendedLimitInformation, &job_limits, sizeof job_limits))
        log_line("job: %lu", GetLastError());
    return job;
}

static void release(Child *c)
{
    HANDLE *handles[] = {&c->job, &c->process, &c->stop, &c->healthy, &c->alive};
    size_t i;
    for (i = 0; i < sizeof handles / sizeof *handles; i++) {
        if (*handles[i]) CloseHandle(*handles[i]);
        *handles[i] = NULL;
    }
}

void kill_child(Child *c)
{
    if (c->job) TerminateJobObject(c->job, 1);
    if (c->process) {
        TerminateProcess(c->process, 1); /* in case it could not be put into the job */
        WaitForSingleObject(c->process, 5000);
    }
    release(c);
}

static void set_variables(HANDLE *handles, DWORD count)
{
    WCHAR number[32];
    DWORD i;
    for (i = STOP_HANDLE; i < MOST_HANDLES; i++) {
        _snwprintf(number, 32, L"%llu", i < count ? (unsigned long long)(ULONG_PTR)handles[i] : 0);
        SetEnvironmentVariableW(variables[i], i < count ? number : NULL);
    }
}

/* CreateProcess that inherits exactly these handles, suspended until it is in the job. */
static BOOL create(Child *c, const WCHAR *exe, WCHAR *command, const WCHAR *folder, HANDLE *handles, DWORD count)
{
    STARTUPINFOEXW si = {0};
    PROCESS_INFORMATION pi = {0};
    SIZE_T size = 0;
    BOOL ok;
    DWORD flags = CREATE_SUSPENDED | CREATE_NO_WINDOW | EXTENDED_STARTUPINFO_PRESENT | CREATE_DEFAULT_ERROR_MODE;

    InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    si.lpAttributeList = HeapAlloc(GetProcessHeap(), 0, size);
    if (!si.lpAttributeList) return FALSE;
    InitializeProcThreadAttributeList(si.lpAttributeList, 1, 0, &size);
    UpdateProcThreadAttribute(si.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles,
                              count * sizeof *handles, NULL, NULL);
    si.StartupInfo.cb = sizeof si;
    si.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    si.StartupInfo.hStdInput = handles[NULL_INPUT];
    si.StartupInfo.hStdOutput = si.StartupInfo.hStdError = handles[ERRORS];
    set_variables(handles, count);
    ok = CreateProcessW(exe, command, NULL, NULL, TRUE, flags, NULL, folder, &si.StartupInfo, &pi);
    if (ok) {
        if (!AssignProcessToJobObject(c->job, pi.hProcess)) log_line("job: assign failed: %lu", GetLastError());
        ResumeThread(pi.hThread);
        CloseHandle(pi.hThread);
        c->process = pi.hProcess;
        c->pid = pi.dwProcessId;
    } else
        log_line("%ls cannot be started: %lu", exe, GetLastError());
    DeleteProcThreadAttributeList(si.lpAttributeList);
    HeapFree(GetProcessHeap(), 0, si.lpAttributeList);
    return ok;
}

/* Its output goes to logs\agent-stderr.log: a missing DLL, a fault of Python at its start are read there. */
static BOOL start_command(const char *version, const WCHAR *verb, BOOL has_events, Child *c)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    WCHAR exe[PATH_CHARS], command[PATH_CHARS + 64], folder[PATH_CHARS];
    HANDLE handles[MOST_HANDLES];
    BOOL ok;

    ZeroMemory(c, sizeof *c);
    program_path(exe, L"slots\\%hs\\agent.exe", version);
    program_path(folder, L"slots\\%hs", version);
    _snwprintf(command, PATH_CHARS + 64, L"\"%ls\" %ls", exe, verb);
    c->job = make_job();
    handles[NULL_INPUT] =
        CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited, OPEN_EXISTING, 0, NULL);
    handles[ERRORS] = open_log(L"agent-stderr.log", &inherited);
    handles[STOP_HANDLE] = c->stop = CreateEventW(&inherited, TRUE, FALSE, NULL);
    handles[HEALTHY_HANDLE] = c->healthy = CreateEventW(&inherited, TRUE, FALSE, NULL);
    handles[ALIVE_HANDLE] = c->alive = CreateEventW(&inherited, FALSE, FALSE, NULL);
    ok = create(c, exe, command, folder, handles, has_events ? MOST_HANDLES : STOP_HANDLE);
    CloseHandle(handles[NULL_INPUT]);
    CloseHandle(handles[ERRORS]);
    if (!ok) release(c);
    return ok;
}

BOOL start_agent(const char *version, BOOL on_trial, Child *c)
{
    SetEnvironmentVariableW(L"CANOPEE_PROBATION", on_trial ? L"1" : L"0");
    return start_command(version, L"run", TRUE, c);
}

BOOL start_probe(const char *version, Child *c)
{
    SetEnvironmentVariableW(L"CANOPEE_PROBATION", NULL);
    return start_command(version, L"probe", FALSE, c);
}
