/* log.c - logs\launcher.log (two files of 256 KiB) and the event log of Windows. */
#include "launcher.h"

#include <stdio.h>
#include <string.h>

enum { LOG_BYTES = 256 * 1024 };

static HANDLE open_append(const WCHAR *path, SECURITY_ATTRIBUTES *attributes)
{
    DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    return CreateFileW(path, FILE_APPEND_DATA, share, attributes, OPEN_ALWAYS, 0, NULL);
}

/* A file of logs\ to append to; one that is full is renamed .1 first. */
HANDLE open_log(const WCHAR *name, SECURITY_ATTRIBUTES *attributes)
{
    WCHAR path[PATH_CHARS], old[PATH_CHARS];
    LARGE_INTEGER size;
    HANDLE file;
    program_path(path, L"logs\\%ls", name);
    file = open_append(path, attributes);
    if (file == INVALID_HANDLE_VALUE || !GetFileSizeEx(file, &size) || size.QuadPart <= LOG_BYTES) return file;
    CloseHandle(file);
    program_path(old, L"logs\\%ls.1", name);
    MoveFileExW(path, old, MOVEFILE_REPLACE_EXISTING);
    return open_append(path, attributes);
}

void log_line(const char *format, ...)
{
    char message[1024], line[1200];
    va_list arguments;
    SYSTEMTIME t;
    HANDLE file;
    DWORD n;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    GetSystemTime(&t);
    snprintf(line, sizeof line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ launcher[%lu] %s\r\n", t.wYear, t.wMonth, t.wDay,
             t.wHour, t.wMinute, t.wSecond, t.wMilliseconds, GetCurrentProcessId(), message);
    if (console_mode) {
        fputs(line, stdout);
        fflush(stdout);
    }
    if ((file = open_log(L"launcher.log", NULL)) == INVALID_HANDLE_VALUE) return;
    WriteFile(file, line, (DWORD)strlen(line), &n, NULL);
    CloseHandle(file);
}

void log_event(WORD type, DWORD id, const char *a, const char *b, const char *c)
{
    const char *texts[3] = {a, b, c};
    HANDLE source = console_mode ? NULL : RegisterEventSourceW(NULL, SERVICE);
    if (!source) return;
    ReportEventA(source, type, 0, id, NULL, 3, 0, texts, NULL);
    DeregisterEventSource(source);
}
