@echo off
rem Checks on this Windows what no test elsewhere can, with the installed agent; docs/how-to/accept-on-windows.md.
rem As an administrator: accept.cmd, the restart that it asks for, accept.cmd again. What follows its name goes to `agent.exe accept`.
setlocal
set "agent="
set "slots=%ProgramFiles%\Canopee\slots"
rem Of several versions, the last by name: they answer alike.
for /f "delims=" %%v in ('dir /b /ad "%slots%" 2^>nul') do if exist "%slots%\%%v\agent.exe" set "agent=%slots%\%%v\agent.exe"
if not defined agent (
    echo The agent is not installed in "%ProgramFiles%\Canopee": install it first.
    exit /b 2
)
"%agent%" accept --out "%~dp0." %*
set "code=%errorlevel%"
find "Not finished" "%~dp0acceptance.txt" >nul 2>&1
if errorlevel 1 goto end
choice /c YN /n /m "Restart this PC now, for the second part? [Y/N] "
if errorlevel 2 goto end
if not errorlevel 1 goto end
shutdown /r /t 30 /c "Acceptance of the Canopee agent"
echo In 30 seconds; `shutdown /a` stops it. Then run this again.
:end
exit /b %code%
