/* writer.c - writes a log file as a product does, and keeps it open: writer.exe FILE SHARE LINE. SHARE is what others may do meanwhile,
 * as CreateFile numbers it: 1 read, 0 nothing. Ends when `FILE.stop` is there. For the cases of `make wine` only. */
#define _WIN32_WINNT 0x0A00
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    char stop[MAX_PATH];
    HANDLE file;
    DWORD written;
    if (argc != 4 || strlen(argv[1]) > MAX_PATH - 8) return 2;
    sprintf(stop, "%s.stop", argv[1]);
    file = CreateFileA(argv[1], FILE_APPEND_DATA, (DWORD)atoi(argv[2]), NULL, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE) return 3;
    while (GetFileAttributesA(stop) == INVALID_FILE_ATTRIBUTES) {
        SYSTEMTIME now;
        char line[1024];
        GetLocalTime(&now);
        snprintf(line, sizeof line, "%04d-%02d-%02d %02d:%02d:%02d INFO %s\r\n", now.wYear, now.wMonth, now.wDay, now.wHour, now.wMinute,
                 now.wSecond, argv[3]);
        if (!WriteFile(file, line, (DWORD)strlen(line), &written, NULL)) return 4;
        Sleep(20);
    }
    return 0;
}
