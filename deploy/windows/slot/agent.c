/* agent.c - agent.exe: runs the official python311.dll that lies beside it. Nothing is unpacked, nothing is searched. */
#ifndef UNICODE /* -municode defines both */
#define UNICODE
#define _UNICODE
#endif
#define _WIN32_WINNT 0x0A00
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#define ENTRY L"import sys;from canopee_agent.service.cli import main;sys.exit(main())"
enum { NO_PYTHON = 254, NO_ENTRY = 253, NO_MEMORY = 252, PATH_CHARS = 1024 };

typedef int(__cdecl *PyMain)(int, WCHAR **);

int wmain(int argc, WCHAR **argv)
{
    static WCHAR dll[PATH_CHARS];
    /* -I: no environment, no user folder; -B: nothing is written beside the program */
    static WCHAR *options[] = {L"-I", L"-B", L"-OO", L"-X", L"utf8", L"-c", ENTRY};
    const int count = sizeof options / sizeof *options;
    WCHAR **arguments, *last;
    HMODULE python;
    PyMain py_main;
    int i, n = 0;

    /* never the current folder, never PATH */
    SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_APPLICATION_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32 |
                             LOAD_LIBRARY_SEARCH_USER_DIRS);
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX);
    GetModuleFileNameW(NULL, dll, PATH_CHARS - 16);
    if ((last = wcsrchr(dll, '\\'))) wcscpy(last + 1, L"python311.dll");
    python = LoadLibraryExW(dll, NULL, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
    if (!python) {
        fwprintf(stderr, L"agent.exe: %ls cannot be loaded: %lu\n", dll, GetLastError());
        return NO_PYTHON;
    }
    if (!(py_main = (PyMain)(void *)GetProcAddress(python, "Py_Main"))) return NO_ENTRY;
    if (!(arguments = calloc(argc + count + 1, sizeof *arguments))) return NO_MEMORY;
    arguments[n++] = argv[0];
    for (i = 0; i < count; i++) arguments[n++] = options[i];
    for (i = 1; i < argc; i++) arguments[n++] = argv[i];
    return py_main(n, arguments);
}
