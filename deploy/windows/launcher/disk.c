/* disk.c - state\state.ini, launcher.ini and the list of slots: what is written is durable before it is acted on. */
#include "launcher.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum { TRIES = 20, PAUSE_MS = 100 }; /* an antivirus or a reader may hold a file for a moment */

/* FALSE when there is no such file, or it stays locked. */
static BOOL read_state(const WCHAR *path, State *out)
{
    char text[STATE_BYTES + 1];
    DWORD size = 0;
    HANDLE file = INVALID_HANDLE_VALUE;
    BOOL is_read;
    int i;
    memset(out, 0, sizeof *out);
    for (i = 0; i < TRIES && file == INVALID_HANDLE_VALUE; i++) {
        DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, error;
        if (i) Sleep(PAUSE_MS);
        file = CreateFileW(path, GENERIC_READ, share, NULL, OPEN_EXISTING, 0, NULL);
        error = GetLastError();
        if (file == INVALID_HANDLE_VALUE && (error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND)) break;
    }
    if (file == INVALID_HANDLE_VALUE) return FALSE;
    is_read = ReadFile(file, text, sizeof text, &size, NULL);
    CloseHandle(file);
    return is_read && parse_state(text, size, out);
}

void load_state(State *out)
{
    WCHAR path[PATH_CHARS];
    program_path(path, L"state\\state.ini");
    if (read_state(path, out)) return;
    program_path(path, L"state\\state.ini.bak");
    if (!read_state(path, out)) {
        memset(out, 0, sizeof *out);
        log_line("state.ini and its copy are lost or damaged");
        log_event(EVENTLOG_ERROR_TYPE, EVT_STATE_LOST, "", "", "");
        return;
    }
    out->pending[0] = 0; /* what the copy says of a trial may be old */
    out->attempts = 0;
    log_line("state.ini is lost or damaged, its copy says %s", out->current);
    save_state(out);
}

BOOL write_durably(const WCHAR *path, const char *text, size_t size)
{
    WCHAR temporary[PATH_CHARS];
    DWORD written = 0;
    HANDLE file;
    BOOL ok;
    int i;
    _snwprintf(temporary, PATH_CHARS, L"%ls.tmp", path);
    file = CreateFileW(temporary, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_FLAG_WRITE_THROUGH, NULL);
    if (file == INVALID_HANDLE_VALUE) return FALSE;
    ok = WriteFile(file, text, (DWORD)size, &written, NULL) && written == size && FlushFileBuffers(file);
    CloseHandle(file);
    for (i = 0; ok && i < TRIES; i++) {
        if (MoveFileExW(temporary, path, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) return TRUE;
        Sleep(PAUSE_MS);
    }
    return FALSE;
}

BOOL save_state(const State *state)
{
    WCHAR path[PATH_CHARS];
    char text[STATE_BYTES];
    size_t size = format_state(state, text, sizeof text);
    program_path(path, L"state\\state.ini");
    if (!size || !write_durably(path, text, size)) {
        log_line("state.ini cannot be written: %lu", GetLastError());
        return FALSE;
    }
    program_path(path, L"state\\state.ini.bak");
    if (is_version(state->current) && !write_durably(path, text, size))
        log_line("the copy of state.ini cannot be written: %lu", GetLastError());
    return TRUE;
}

static BOOL is_there(const WCHAR *slot)
{
    WCHAR path[PATH_CHARS];
    DWORD attributes;
    program_path(path, L"slots\\%ls\\agent.exe", slot);
    attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES && !(attributes & FILE_ATTRIBUTE_DIRECTORY);
}

void list_slots(Slots *out)
{
    WCHAR pattern[PATH_CHARS];
    WIN32_FIND_DATAW found;
    HANDLE search;
    char name[NAME_CHARS];
    out->count = 0;
    program_path(pattern, L"slots\\*");
    if ((search = FindFirstFileW(pattern, &found)) == INVALID_HANDLE_VALUE) return;
    do {
        BOOL is_lossy = FALSE;
        if (!(found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) || wcslen(found.cFileName) >= NAME_CHARS) continue;
        if (!WideCharToMultiByte(CP_ACP, 0, found.cFileName, -1, name, sizeof name, NULL, &is_lossy) || is_lossy) continue;
        if (is_version(name) && is_there(found.cFileName)) strcpy(out->names[out->count++], name);
    } while (out->count < MOST_SLOTS && FindNextFileW(search, &found));
    FindClose(search);
}

static int setting(const WCHAR *path, const WCHAR *key, int usual, int most)
{
    int value = (int)GetPrivateProfileIntW(L"launcher", key, usual, path);
    return value >= 1 && value <= most ? value : usual;
}

void load_limits(Limits *out)
{
    WCHAR path[PATH_CHARS];
    program_path(path, L"launcher.ini");
    out->probation_ms = setting(path, L"probation_s", 300, 3600) * 1000LL;
    out->max_attempts = setting(path, L"max_attempts", 3, 10);
    out->late_crashes = setting(path, L"late_crashes", 5, 100);
    out->stable_ms = setting(path, L"stable_s", 600, 86400) * 1000LL;
    out->stop_ms = setting(path, L"stop_s", 20, 120) * 1000LL;
    out->silence_ms = setting(path, L"silence_s", 180, 3600) * 1000LL;
    out->probe_ms = setting(path, L"probe_s", 60, 600) * 1000LL;
    out->backoff_ms = setting(path, L"backoff_ms", 0, 60000);
}
