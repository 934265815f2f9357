/* A dummy of the old tool: a real Windows service, and its uninstaller, for the tests of what replaces it.
 *
 * predecessor.exe [slow|deaf|fails]   started by the service manager; `slow` takes two seconds to stop, `deaf` takes no stop,
 *                                     `fails` ends at once with 5
 * predecessor.exe /S                  its uninstaller: deletes the service and what it has in the registry
 * predecessor.exe accept …            stands for an agent: says its arguments, ends with 3 */
#include <windows.h>
#include <stdio.h>
#include <wchar.h>

#define NAME L"EditeurTelemaintenance"

static SERVICE_STATUS_HANDLE handle;
static HANDLE stop;
static const wchar_t *mode = L"";

static void tell(DWORD state, DWORD exit_code)
{
    SERVICE_STATUS status = { SERVICE_WIN32_OWN_PROCESS, state, 0, 0, 0, 1, 5000 };
    if (state == SERVICE_RUNNING && wcscmp(mode, L"deaf"))
        status.dwControlsAccepted = SERVICE_ACCEPT_STOP;
    if (exit_code) {
        status.dwWin32ExitCode = ERROR_SERVICE_SPECIFIC_ERROR;
        status.dwServiceSpecificExitCode = exit_code;
    }
    SetServiceStatus(handle, &status);
}

static DWORD WINAPI on_control(DWORD control, DWORD type, void *data, void *context)
{
    (void)type, (void)data, (void)context;
    if (control == SERVICE_CONTROL_STOP) {
        tell(SERVICE_STOP_PENDING, 0);
        SetEvent(stop);
    }
    return NO_ERROR;
}

static void WINAPI service(DWORD count, wchar_t **arguments)
{
    (void)count, (void)arguments;
    stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    handle = RegisterServiceCtrlHandlerExW(NAME, on_control, NULL);
    tell(SERVICE_START_PENDING, 0);
    if (!wcscmp(mode, L"fails")) {
        tell(SERVICE_STOPPED, 5);
        return;
    }
    tell(SERVICE_RUNNING, 0);
    WaitForSingleObject(stop, INFINITE);
    if (!wcscmp(mode, L"slow"))
        Sleep(2000);
    tell(SERVICE_STOPPED, 0);
}

static int uninstall(void)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE found = OpenServiceW(manager, NAME, DELETE);
    if (found && !DeleteService(found))
        return 1;
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Éditeur\\Télémaintenance");
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\" NAME);
    return 0;
}

int wmain(int count, wchar_t **arguments)
{
    SERVICE_TABLE_ENTRYW table[] = { { (wchar_t *)NAME, service }, { NULL, NULL } };
    if (count > 1 && !wcscmp(arguments[1], L"/S"))
        return uninstall();
    if (count > 1 && !wcscmp(arguments[1], L"accept")) {
        for (int number = 1; number < count; number++)
            wprintf(L"[%ls]", arguments[number]);
        return 3;
    }
    if (count > 1)
        mode = arguments[1];
    return StartServiceCtrlDispatcherW(table) ? 0 : 2;
}
