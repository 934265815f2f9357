/* bad_agent.c - an agent that misbehaves as the file behaviour.txt beside it says. For tests of the launcher only. */
#define _WIN32_WINNT 0x0A00
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static HANDLE event(const char *name)
{
    const char *number = getenv(name);
    return (HANDLE)(ULONG_PTR)(number ? strtoull(number, NULL, 10) : 0);
}

static void read_behaviour(char *out, int room)
{
    char path[MAX_PATH], *last;
    FILE *file;
    GetModuleFileNameA(NULL, path, MAX_PATH - 32);
    if ((last = strrchr(path, '\\'))) strcpy(last + 1, "behaviour.txt");
    if (!(file = fopen(path, "r"))) exit(99);
    if (!fgets(out, room, file)) exit(98);
    fclose(file);
    out[strcspn(out, "\r\n")] = 0;
}

int main(int argc, char **argv)
{
    HANDLE stop = event("CANOPEE_STOP_HANDLE"), healthy = event("CANOPEE_HEALTHY_HANDLE");
    HANDLE alive = event("CANOPEE_ALIVE_HANDLE");
    char behaviour[64];
    read_behaviour(behaviour, sizeof behaviour);
    if (argc > 1 && !strcmp(argv[1], "selftest")) return 0; /* what is bad shows only once it runs */
    if (argc < 2 || strcmp(argv[1], "run")) return 2;
    if (!strcmp(behaviour, "crash")) return 3;
    if (!strcmp(behaviour, "restart")) return 75;
    if (!strcmp(behaviour, "segv")) *(volatile int *)8 = 1;
    if (!strcmp(behaviour, "hang")) Sleep(INFINITE);
    if (strcmp(behaviour, "mute")) SetEvent(healthy);
    if (!strcmp(behaviour, "late")) {
        Sleep(300);
        return 9;
    }
    if (!strcmp(behaviour, "hang-late")) Sleep(INFINITE);
    do SetEvent(alive);
    while (WaitForSingleObject(stop, 200) != WAIT_OBJECT_0);
    if (!strcmp(behaviour, "slow")) Sleep(INFINITE);
    return 0;
}
